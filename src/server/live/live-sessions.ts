import { SessionError } from '../../protocol/errors.js';
import { type Input, Inputs } from './channel/input.js';
import { createFollowers, type Followers } from './followers.js';
import { type LiveOptions, liveSettingsOf } from './live-options.js';
import type { LiveSession } from './live-session.js';
import { createOpenSessions } from './open-sessions.js';
import { createTasks, type Tasks } from './tasks.js';
import { createUses } from './uses.js';

/** The session that a client is changing. */
export type PatchedSession<Data> = Pick<
  LiveSession<Data>,
  'id' | 'uid' | 'userData' | 'labels' | 'created' | 'data' | 'isAlive'
>;

/** The sessions that live: their data is a document that browsers follow, and tasks work on. */
export interface LiveSessions<Data = { [key: string]: unknown }> extends Tasks<Data> {
  /**
   * Works with one session, alone: `scheduleTask` that waits, and gives what the task gives. `null` = there is no such session. It
   * counts as an access. Within a task with the same session it is part of that one. Rejects with what the task threw, and then
   * nothing of what it did is left; with `session/busy`, `session/size`, `store/unavailable`.
   */
  run<Result>(
    id: string,
    task: (session: LiveSession<Data> | null) => Result | Promise<Result>,
  ): Promise<Result>;
  /**
   * Hears of what clients do at a place of the document, before it happens (SC-93): assign `input.value` to have another value set, or
   * `input.cancel()`. `pattern`: a JSON Pointer in which `*` stands for any key or index. `session` may be used at once only; for what takes
   * time, call `scheduleTask`, which comes afterwards. Gives what takes it back. Throws `config/invalid`.
   */
  onInput(pattern: string, handler: (input: Input, session: PatchedSession<Data>) => void): () => void;
  /**
   * The document of a session as a client that begins gets it, JSON text: for handlers that answer with it (SC-60). Rejects with
   * `session/not-found`.
   */
  documentOf(id: string): Promise<string>;
  /**
   * For handlers of pages that a client may ask for as a mere patch (SC-69): what changed in the document of the session since the client
   * last heard of it, JSON text, to be answered as `application/json-patch+json` in the place of the page. `accept`: that header of the
   * request. `undefined` = the client wants the page. Rejects with `request/not-acceptable` (406) without a session.
   */
  patchFor(accept: string | undefined, id: string | undefined): Promise<string | undefined>;
  /** Documents that are in memory. */
  readonly size: number;
  /** The path before the id of a session: `/__default/`. */
  readonly prefix: string;
  /** For the session server, and handlers that answer with the document. */
  readonly followers: Followers;
  /** Closes all sockets with 1001, and forgets all documents. The sessions live on. */
  close(): void;
}

/** Throws `config/invalid` for an option that cannot be. */
export function createLiveSessions<Data>(options: LiveOptions<Data>): LiveSessions<Data> {
  const { sessions } = options;
  const inputs = new Inputs();
  const settings = liveSettingsOf(options, inputs);
  const opened = createOpenSessions<Data>(sessions, settings);
  const uses = createUses<Data>(sessions, opened, settings.waitMs);
  const followers = createFollowers(uses, opened, settings);
  return {
    ...createTasks<Data>(sessions, uses, settings),
    followers,
    prefix: `/__${settings.name}/`,
    get size() {
      return opened.size;
    },
    run: (id, task) => uses.run(id, task, { access: true, waitMs: settings.waitMs, nested: true }),
    onInput: (pattern, handler) =>
      inputs.on(pattern, (input) => {
        if (uses.patched !== undefined) handler(input, uses.patched);
      }),
    documentOf: (id) => followers.start(id, ''),
    async patchFor(accept = '', id) {
      const [first = ''] = accept.split(/[,;]/, 1);
      if (first.trim().toLowerCase() !== 'application/json-patch+json') return undefined;
      if (id === undefined) throw new SessionError('request/not-acceptable', { status: 406 });
      return followers.changes(id, '');
    },
    close: () => opened.close(),
  };
}
