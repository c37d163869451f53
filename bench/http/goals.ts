import type { Row } from '../harness.js';
import type { Judged } from '../stores/goals.js';

/** What a row has to reach; rows without a goal only inform. */
interface Goal {
  readonly case: string;
  readonly other: string;
  readonly text: string;
  reached(row: Row): boolean;
}

const atLeast = (name: string, other: string, least: number): Goal => ({
  case: name,
  other,
  text: `≥ ${least} ×`,
  reached: ({ ratio }) => ratio >= least,
});

const addsAtMost = (name: string, other: string, most: number): Goal => ({
  case: `${name}: added`,
  other,
  text: `ours ≤ ${most} µs CPU`,
  reached: ({ ours }) => ours <= most,
});

/** As the requirement says them. */
const goals: readonly Goal[] = [
  atLeast('who am I, node:http', 'limit-sha-map', 0.8),
  atLeast('who am I, Express', 'bare Express', 0.9),
  atLeast('who am I, Fastify', 'bare Fastify', 0.75),
  atLeast('who am I, Hono', 'bare Hono', 0.7),
  addsAtMost('who am I, node:http', 'limit-sha-map', 12),
  addsAtMost('who am I, Express', 'express-session', 12),
  addsAtMost('who am I, Fastify', '@fastify/session', 12),
  addsAtMost('who am I, Hono', '@hono/session', 12),
  atLeast('sign in, node:http', 'limit-sha-map', 0.8),
  atLeast('sign in, Express', 'bare Express', 0.85),
  atLeast('sign in, Fastify', 'bare Fastify', 0.6),
  atLeast('who am I, node:http, bearer EdDSA', 'jose EdDSA', 5),
];

export function judge(rows: readonly Row[]): Judged[] {
  return rows.flatMap((row) =>
    goals
      .filter((goal) => goal.case === row.case && goal.other === row.otherName)
      .map((goal) => ({ row, goal: goal.text, reached: goal.reached(row) })),
  );
}
