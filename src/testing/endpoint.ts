/** `can-connect-session/testing/endpoint`: suites that judge every session backend, under any test runner in Node. */

import type { SessionStore } from '../server/core/store.js';
import { answerCases } from './endpoint-host-answers.js';
import { HostKit, type RunningHost } from './endpoint-host-kit.js';
import { sessionCases } from './endpoint-host-sessions.js';
import { type EndpointFacts, Kit, type RunningEndpoint, type TestCredentials } from './endpoint-kit.js';
import { lifeCases } from './endpoint-life.js';
import { safetyCases } from './endpoint-safety.js';
import { signInCases } from './endpoint-sign-in.js';
import { controlledStore, type StoreControl } from './endpoint-store.js';

export { AssertionError } from './assert.js';
export type { RunningHost } from './endpoint-host-kit.js';
export type { RunningEndpoint, TestCredentials } from './endpoint-kit.js';
export { controlledStore, type Hold, type StoreControl } from './endpoint-store.js';

/** One statement about a backend, and the work that shows it. */
export interface EndpointCase {
  /** A sentence in the present, with the numbers of the requirements that it is about. */
  readonly name: string;
  /** Rejects with an `AssertionError` when the statement is false. */
  run(): Promise<void>;
}

export interface EndpointConformanceOptions {
  /** The address of a session resource that runs, `http://127.0.0.1:3000/session`, or what starts one for each case. */
  readonly backend: string | (() => RunningEndpoint | Promise<RunningEndpoint>);
  /** Somebody who may sign in. The suite also signs in as somebody else, and with another password, and fails. */
  readonly credentials: TestCredentials;
  /** How a sign-in is told: by a `token` in the body, or by a `cookie`. Default `token`. */
  readonly mode?: 'token' | 'cookie';
  /** The cookie of the mode `cookie`. Default: `__Host-session`, and Secure. */
  readonly cookie?: { readonly name?: string; readonly secure?: boolean };
  /** An origin whose pages may call: `https://app.example`. Default: not checked. */
  readonly origin?: string;
  /** Bytes of the largest body that is read, at least 200. Default: only that 2 MiB are too many. */
  readonly bodyLimit?: number;
  /** Whether `backend` can break its store: `breakStore`. Default false: not checked. */
  readonly canBreakStore?: boolean;
}

/**
 * The cases that a session endpoint must pass, whatever it is written in: they speak HTTP to it. No case waits for a clock.
 *
 *     for (const { name, run } of endpointConformance({ backend: url, credentials })) test(name, run);
 */
export function endpointConformance(options: EndpointConformanceOptions): readonly EndpointCase[] {
  const { backend, mode = 'token', origin, bodyLimit, canBreakStore = false } = options;
  const facts: EndpointFacts = {
    credentials: options.credentials,
    mode,
    cookie: { name: options.cookie?.name ?? '__Host-session', secure: options.cookie?.secure ?? true },
    origin,
    bodyLimit,
  };
  const has = { origin: origin !== undefined, bodyLimit: bodyLimit !== undefined, breakStore: canBreakStore };
  return [...signInCases, ...lifeCases, ...safetyCases]
    .filter((draft) => draft.mode === undefined || draft.mode === mode)
    .filter(({ needs }) => needs === undefined || has[needs])
    .map(({ name, act }) => ({
      name,
      async run() {
        const running = typeof backend === 'string' ? { url: backend } : await backend();
        try {
          await act(new Kit(running, facts));
        } finally {
          await running.stop?.();
        }
      },
    }));
}

export interface HostConformanceOptions {
  /** Starts the app that docs/testing-a-backend.md describes, over this store, which is empty. */
  readonly start: (store: SessionStore) => RunningHost | Promise<RunningHost>;
  /** Makes the store below. It is closed by whoever closes the sessions. */
  readonly makeStore: () => SessionStore;
  /** Name of the session's cookie. Default `__Host-session`. */
  readonly cookie?: string;
  /** Whether the app answers a `SessionError` that nobody catches as a problem. Default true. */
  readonly problems?: boolean;
  /** Whether the app has the route `/app/current`. Default true. */
  readonly ambient?: boolean;
}

/**
 * The cases that show that sessions are put into a host as they should be: an app with a few routes is started for each of
 * them. No case waits for a clock.
 *
 *     for (const { name, run } of hostConformance({ start, makeStore: memoryStore })) test(name, run);
 */
export function hostConformance(options: HostConformanceOptions): readonly EndpointCase[] {
  const { start, makeStore, cookie = '__Host-session', problems = true, ambient = true } = options;
  const has = { problems, ambient };
  return [...sessionCases, ...answerCases]
    .filter(({ needs }) => needs === undefined || has[needs])
    .map(({ name, act }) => ({
      name,
      async run() {
        const control: StoreControl = controlledStore(makeStore());
        const running = await start(control.store);
        try {
          await act(new HostKit(running.url, control, cookie));
        } finally {
          await running.stop();
        }
      },
    }));
}
