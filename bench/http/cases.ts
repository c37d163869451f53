import type { Act } from './exchanges.js';

/** What is measured side by side. */
export interface Case {
  readonly name: string;
  readonly act: Act;
  /** The host without sessions: what the session layer adds is counted from here. */
  readonly bare?: string;
  readonly ours: string;
  readonly others: readonly string[];
  /** These too, unless it has to be quick. */
  readonly thoroughly?: readonly string[];
}

/** Part of a quick run: all that the goals name, each beside the limit or the peer of its host. */
const quick: readonly Case[] = [
  {
    name: 'who am I, node:http',
    act: 'who am I',
    bare: 'bare node:http',
    ours: 'ours on node:http',
    others: ['limit-sha-map'],
    thoroughly: ['limit-hmac-map', 'iron-session', 'better-auth'],
  },
  {
    name: 'who am I, Express',
    act: 'who am I',
    bare: 'bare Express',
    ours: 'ours on Express',
    others: ['express-session'],
  },
  {
    name: 'who am I, Fastify',
    act: 'who am I',
    bare: 'bare Fastify',
    ours: 'ours on Fastify',
    others: ['@fastify/session'],
  },
  {
    name: 'who am I, Hono',
    act: 'who am I',
    bare: 'bare Hono',
    ours: 'ours on Hono',
    others: ['@hono/session'],
  },
  {
    name: 'who am I, node:http, bearer EdDSA',
    act: 'who am I',
    ours: 'ours on node:http, bearer EdDSA',
    others: ['jose EdDSA'],
  },
  {
    name: 'sign in, node:http',
    act: 'sign in',
    bare: 'bare node:http',
    ours: 'ours on node:http',
    others: ['limit-sha-map'],
    thoroughly: ['limit-hmac-map', 'iron-session', 'better-auth'],
  },
];

const thorough: readonly Case[] = [
  {
    name: 'who am I, node:http, bearer HS256',
    act: 'who am I',
    bare: 'bare node:http',
    ours: 'ours on node:http, bearer HS256',
    others: ['jose HS256'],
  },
  ...['Express', 'Fastify', 'Hono'].map(
    (host): Case => ({
      name: `who am I, ${host}, bearer HS256`,
      act: 'who am I',
      bare: `bare ${host}`,
      ours: `ours on ${host}, bearer HS256`,
      others: [],
    }),
  ),
  {
    name: 'sign in, Express',
    act: 'sign in',
    bare: 'bare Express',
    ours: 'ours on Express',
    others: ['express-session'],
  },
  {
    name: 'sign in, Fastify',
    act: 'sign in',
    bare: 'bare Fastify',
    ours: 'ours on Fastify',
    others: ['@fastify/session'],
  },
  {
    name: 'sign in, Hono',
    act: 'sign in',
    bare: 'bare Hono',
    ours: 'ours on Hono',
    others: ['@hono/session'],
  },
];

export const casesOf = (isQuick: boolean): readonly Case[] => (isQuick ? quick : [...quick, ...thorough]);

export function stacksOf({ bare, ours, others, thoroughly = [] }: Case, isQuick: boolean): string[] {
  return [...(bare === undefined ? [] : [bare]), ours, ...others, ...(isQuick ? [] : thoroughly)];
}
