import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Cookie, CookieJar } from 'tough-cookie';
import { nodeHandler, type SessionHandler } from '../../../src/server/adapters/node.js';
import type { SessionServer } from '../../../src/server/session-server.js';
import type { Data } from './visits.js';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly setCookies: readonly string[];
}

export interface Ask {
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string };
  /** Default: the page at app.example itself asks. */
  readonly sameSiteContext?: 'strict' | 'lax' | 'none';
}

/**
 * A real server, and a browser's cookies: they come and go as RFC 6265bis says, at https://app.example, whose encryption ends
 * at a proxy (the server has the option `proxies: 1`), or at the plain `origin` that is given.
 */
export async function site(
  server: SessionServer<Data>,
  handler: SessionHandler<Data>,
  origin = 'https://app.example',
) {
  const host = createServer(nodeHandler(server, handler));
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  const { port } = host.address() as AddressInfo;
  const { protocol, host: name } = new URL(origin);

  function browser() {
    const jar = new CookieJar(undefined, { prefixSecurity: 'strict', rejectPublicSuffixes: false });

    async function ask(path: string, { method = 'GET', headers, sameSiteContext = 'strict' }: Ask = {}) {
      const url = origin + path;
      const cookie = await jar.getCookieString(url, { sameSiteContext });
      const answer = await exchange(port, path, method, {
        host: name,
        origin,
        'x-forwarded-proto': protocol.slice(0, -1),
        ...(cookie === '' ? undefined : { cookie }),
        ...headers,
      });
      // What the browser would not keep is an error here.
      for (const set of answer.setCookies) await jar.setCookie(set, url, { sameSiteContext });
      return answer;
    }

    return {
      ask,
      jar,
      cookies: (path = '/') => jar.getCookies(origin + path, { sameSiteContext: 'strict' }),
      async put(text: string, path = '/') {
        await jar.setCookie(Cookie.parse(text) ?? text, origin + path, { sameSiteContext: 'strict' });
      },
    };
  }

  return {
    port,
    browser,
    async close() {
      host.closeAllConnections();
      await new Promise((resolve) => host.close(resolve));
    },
  };
}

function exchange(
  port: number,
  path: string,
  method: string,
  headers: { readonly [name: string]: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = send({ port, path, method, headers, host: '127.0.0.1', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text,
          headers: response.headers,
          setCookies: response.headers['set-cookie'] ?? [],
        }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}
