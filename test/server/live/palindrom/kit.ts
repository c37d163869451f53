import type { Json } from '../../../../src/protocol/messages.js';
import type { LiveSession } from '../../../../src/server/live/live-session.js';
import { type Data, type Host, type HostOptions, type PageRequest, type Route, startHost } from './host.js';
import { Page, type PageClient, type PalindromOptions } from './page.js';

/** How a client speaks to the server. */
export interface Mode {
  readonly name: string;
  readonly socket: boolean;
  readonly versions: boolean;
}

export const modes: readonly Mode[] = [
  { name: 'over HTTP, with versions', socket: false, versions: true },
  { name: 'over HTTP, without versions', socket: false, versions: false },
  { name: 'over a socket, with versions', socket: true, versions: true },
  { name: 'over a socket, without versions', socket: true, versions: false },
];
export const [httpVersioned, httpPlain, socketVersioned, socketPlain] = modes as [Mode, Mode, Mode, Mode];

/** With these, the client numbers its patches, and transforms ours. */
export const versionPaths = { ot: true, localVersionPath: '/_ver#c$', remoteVersionPath: '/_ver#s' };

export interface JourneyOptions extends Mode, HostOptions {}

export interface Journey {
  readonly host: Host;
  readonly page: Page;
  /** What the client of this mode is made with. */
  options(remoteUrl: string): PalindromOptions;
  /** A session that keeps this, and a client that follows it. */
  follow(data: Json, more?: Partial<PalindromOptions>): Promise<{ id: string; client: PageClient }>;
}

let shared: Page | undefined;

/** For the hooks of a module: one page serves all its tests. */
export const pageHooks = {
  before() {
    shared = new Page();
  },
  after() {
    shared?.stop();
  },
};

/** Runs a journey. When it ends, nothing may have gone wrong on either side, but for failures that it waited for. */
export async function journey(
  assert: Assert,
  options: JourneyOptions,
  go: (journey: Journey) => Promise<void>,
): Promise<void> {
  const page = shared as Page;
  const host = await startHost(options);
  const settings = (remoteUrl: string): PalindromOptions => ({
    remoteUrl,
    useWebSocket: options.socket,
    ...(options.versions ? versionPaths : undefined),
  });
  try {
    await go({
      host,
      page,
      options: settings,
      async follow(data, more) {
        const id = await host.begin(data);
        return { id, client: await page.open({ ...settings(host.address(id)), ...more }) };
      },
    });
    assert.deepEqual([...host.failures, ...page.troubles], [], 'nothing went wrong');
  } finally {
    await page.clear();
    await host.stop();
  }
}

/** The document, as a page that begins a session answers with it (PAL-01). */
export const beginRoute =
  (data: Json): Route =>
  async (request, response, { sessions, live }) => {
    const session = await sessions.create(data);
    request.session.use(session);
    response.setHeader('content-type', 'application/json');
    response.end(await live.documentOf(session.id));
  };

/** A page that does something to the session, and may be asked for as a mere patch (PAL-15, SC-69). */
export const patchRoute =
  (work: (session: LiveSession<Data>, request: PageRequest) => void): Route =>
  async (request, response, { live }) => {
    const { id } = request.session;
    if (id !== undefined)
      await live.run(id, (session) => {
        if (session !== null) work(session, request);
      });
    const patch = await live.patchFor(request.headers.accept, id);
    response.setHeader('content-type', patch === undefined ? 'text/html' : 'application/json-patch+json');
    response.end(patch ?? '<!doctype html>');
  };
