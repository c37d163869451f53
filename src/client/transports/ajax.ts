import type { ErrorCode } from '../../protocol/errors.js';
import { fail } from '../core/fail.js';
import type { Transport } from '../core/session.js';

/** One URL for all calls, or one for each. A `destroyData` of false tells no server of a sign-out. */
export type SessionUrl =
  | string
  | { readonly getData: string; readonly createData: string; readonly destroyData: string | false };

type Method = 'getData' | 'createData' | 'destroyData';

/** How long a sign-out waits for the server, in milliseconds. By then it counts as not told. */
const TELL_LIMIT = 5_000;

/**
 * The session endpoint over can-ajax, and over `fetch` where the page may be closing.
 *
 * @param cookie - whether cookies travel to another origin too, as they must where the cookie is the session
 */
export function ajaxTransport(url: SessionUrl, cookie: boolean): Transport {
  const at = (method: Method) => (url as { [key in Method]?: string })[method] ?? (url as string);

  async function request(type: string, url: string, token: string | null, data?: object) {
    let xhr: XMLHttpRequest | undefined;
    try {
      // On first use, since can-ajax reads `location` when it loads and would keep this package out of Node.
      const { default: ajax } = await import('can-ajax');
      await ajax({
        type,
        url,
        data,
        // Parsed below: can-ajax makes `{}` of malformed JSON and fails on raw text.
        dataType: 'text',
        // Otherwise another origin is sent a form instead of JSON.
        crossDomain: false,
        xhrFields: { withCredentials: cookie },
        beforeSend(used) {
          xhr = used;
          // can-ajax ignores its own `headers` option.
          if (token) used.setRequestHeader('Authorization', `Bearer ${token}`);
        },
      });
    } catch {
      // What it rejects with has lost the status.
    }
    const status = xhr?.status ?? 0;
    let body: unknown = xhr?.responseText;
    try {
      body = JSON.parse(body as string);
    } catch {
      // A raw text: some back ends answer the bare token.
    }
    if (status >= 200 && status < 300) return body;
    let code: ErrorCode = status ? 'request/refused' : 'network/failed';
    if (status === 401) code = type === 'POST' ? 'credentials/wrong' : 'session/ended';
    if (status >= 500) code = 'server/failed';
    const { code: said } = Object(body);
    throw fail(/^\w+\/[\w-]+$/.test(said) ? said : code, { status, body });
  }

  return {
    create: (credentials) => request('POST', at('createData'), null, credentials),
    get: (token) => request('GET', at('getData'), token),
    async destroy(token) {
      const target = at('destroyData');
      if (!target) return;
      const { ok, status } = await fetch(target, {
        method: 'DELETE',
        // Lets it outlive the page.
        keepalive: true,
        credentials: cookie ? 'include' : 'same-origin',
        headers: token ? { Authorization: `Bearer ${token}` } : {},
        signal: AbortSignal.timeout(TELL_LIMIT),
      });
      // 401 and 404: there was nothing left to end.
      if (!ok && status !== 401 && status !== 404) throw fail('server/failed', { status });
    },
  };
}
