import { Missing, type Stack, type Stacks } from '../stack.js';

type Home = () => Promise<{ readonly stacks: Stacks }>;

/**
 * Where each stack is, so that its process loads nothing of the others. Peers are published packages, each as its own page
 * shows it on the host that it was made for. No cookie is sent again, nothing is saved again, no log is written; sessions
 * that are kept begin with a new id.
 */
const homes: readonly (readonly [names: readonly string[], Home])[] = [
  [['bare node:http', 'limit-sha-map', 'limit-hmac-map'], () => import('./node.js')],
  [['bare Express', 'express-session'], () => import('./express.js')],
  [['bare Fastify', '@fastify/session'], () => import('./fastify.js')],
  [['bare Hono', '@hono/session'], () => import('./hono.js')],
  [['iron-session'], () => import('./iron-session.js')],
  [['better-auth'], () => import('./better-auth.js')],
  [['jose HS256', 'jose EdDSA'], () => import('./jose.js')],
];

export async function stackOf(name: string): Promise<Stack> {
  const home = homes.find(([names]) => names.includes(name))?.[1] ?? (() => import('../ours.js'));
  const make = (await home()).stacks[name];
  if (make === undefined) throw new Missing('there is no such stack');
  return make();
}
