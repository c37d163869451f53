import type { Server } from 'node:http';

/** One way to serve sessions. It is not listening yet. */
export interface Stack {
  readonly server: Server;
  /** How to speak to it, where that differs from the usual. */
  readonly dialect?: Partial<Dialect>;
}

/** Makes each stack by its name. */
export type Stacks = Readonly<Record<string, () => Stack | Promise<Stack>>>;

/** How the load generator speaks to a stack. */
export interface Dialect {
  readonly signInPath: string;
  /** JSON, in which `??` stands for the user. */
  readonly credentials: string;
  readonly whoAmIPath: string;
  /** `none`: a host without sessions, which always answers with the first user. */
  readonly carrier: 'cookie' | 'bearer' | 'none';
}

/** A sign-in has 13 bytes. */
export const usual: Dialect = {
  signInPath: '/sign-in',
  credentials: '{"user":"??"}',
  whoAmIPath: '/me',
  carrier: 'cookie',
};

export const noSessions: Partial<Dialect> = { carrier: 'none' };

/** What the processes say to each other. */
export type ToStack = { readonly type: 'usage' };
export type FromStack =
  | { readonly type: 'ready'; readonly port: number; readonly dialect: Dialect }
  | { readonly type: 'missing'; readonly reason: string }
  | ({ readonly type: 'usage' } & Usage);

export interface Usage {
  /** Microseconds of user and system time of the whole process, compiler and collector included. */
  readonly cpu: number;
  /** Requests that arrived since the start. */
  readonly requests: number;
}

/** A stack that cannot be started since it is not there. Anything else that goes wrong fails the run. */
export class Missing extends Error {}
