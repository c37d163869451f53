import QUnit from 'qunit';

/**
 * A real server over real HTTP that does what the test says:
 *
 *     const server = await scriptedServer();
 *     await server.answer('POST', { status: 201, body: { token } });
 *     const held = await server.hold('DELETE');
 *     const leaving = Session.connection.destroy();
 *     await held.arrived;
 *     await held.release({ status: 204 });
 *
 * Nothing here waits for a clock. What a test forgets to release is dropped when the test ends.
 */
export interface ScriptedServer {
  /** A session endpoint on the origin of the page. */
  readonly url: string;
  /** The same endpoint, reached over another origin (with CORS and credentials allowed). */
  readonly crossOriginUrl: string;
  /** How every further request of this method is answered that is not held. Without it: 501. */
  answer(method: string, answer: ScriptedAnswer): Promise<void>;
  /** The connection breaks for every further request of this method that is not held: a real network failure. */
  fail(method: string): Promise<void>;
  /**
   * Holds the next request of this method; several holds take one request each, in order. (Chromium sends a second GET of
   * the same URL only when the first is answered, so two of them cannot be held at once.)
   */
  hold(method: string): Promise<HeldRequest>;
  /** Every request that came, in order, preflights left out. */
  requests(): Promise<readonly SeenRequest[]>;
}

export interface ScriptedAnswer {
  /** Default 200. */
  readonly status?: number;
  /** A string goes out as it is, as `text/plain`; anything else as JSON. Default: no body. */
  readonly body?: unknown;
  /** Overrules the content type that the body has by itself. */
  readonly contentType?: string;
  /** Overrules every other header. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HeldRequest {
  /** Resolves when the request has reached the server. */
  readonly arrived: Promise<SeenRequest>;
  /** Waits for the request and answers it; without an argument as the method is answered by default. */
  release(answer?: ScriptedAnswer): Promise<void>;
  /** Waits for the request and breaks its connection: a real network failure. Have somebody listen for the rejection first. */
  drop(): Promise<void>;
}

export interface SeenRequest {
  readonly method: string;
  /** What follows the server's own prefix: `/session`, `/session?x=1`. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Karma {
  readonly config: { readonly secondOrigin: string };
}

// Taken at load: tests may put spies in their places.
const fetch = globalThis.fetch.bind(globalThis);
const { secondOrigin } = (globalThis as unknown as { __karma__: Karma }).__karma__.config;

const open = new Set<string>();

/**
 * Orders go to the second origin, whose six connections no held request of the page's own origin can use up, and as text,
 * which needs no preflight.
 */
async function order(id: string, message: object): Promise<unknown> {
  const answer = await fetch(`${secondOrigin}/scripted/${id}/control`, {
    method: 'POST',
    body: JSON.stringify(message),
  });
  if (!answer.ok) throw new Error(`The scripted server refused ${JSON.stringify(message)}.`);
  return answer.json();
}

QUnit.hooks.afterEach(async () => {
  const ids = [...open];
  open.clear();
  await Promise.all(ids.map((id) => order(id, { order: 'end' })));
});

/** A server of its own for one test. */
export async function scriptedServer(): Promise<ScriptedServer> {
  const id = crypto.randomUUID();
  open.add(id);
  return {
    url: `/scripted/${id}/session`,
    crossOriginUrl: `${secondOrigin}/scripted/${id}/session`,
    answer: async (method, answer) => void (await order(id, { order: 'answer', method, answer })),
    fail: async (method) => void (await order(id, { order: 'answer', method, answer: { drop: true } })),
    hold: async (method) => heldRequest(id, Number(await order(id, { order: 'hold', method }))),
    requests: async () => (await order(id, { order: 'requests' })) as SeenRequest[],
  };
}

function heldRequest(id: string, hold: number): HeldRequest {
  let arrived: Promise<SeenRequest> | undefined;
  return {
    // Asked for only when somebody reads it: the question occupies a connection until it is answered.
    get arrived() {
      arrived ??= order(id, { order: 'arrived', hold }) as Promise<SeenRequest>;
      return arrived;
    },
    release: async (answer) => void (await order(id, { order: 'release', hold, answer })),
    drop: async () => void (await order(id, { order: 'release', hold, answer: { drop: true } })),
  };
}
