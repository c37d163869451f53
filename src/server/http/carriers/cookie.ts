import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseCookie, type SetCookie, stringifySetCookie } from 'cookie';
import { SessionError } from '../../../protocol/errors.js';
import { invalidOption, oneOf, yesOrNo } from '../../core/options.js';
import { type Secret, secretsOf } from '../../core/signed-ids.js';
import { type Carrier, none } from '../carrier.js';
import type { HttpRequest } from '../exchange.js';

/**
 * Contradictions are refused at start with `config/invalid`: a prefix of the name that the browser would not believe
 * (RFC 6265bis §4.1.3), and `sameSite: 'none'` or `partitioned` without `secure` (S30, S31). Name and value have at most
 * 4096 bytes (S32): an id scheme that makes longer ones is refused with `config/invalid` when it has made one.
 */
export interface CookieOptions {
  /**
   * 1 to 256 characters of a token (RFC 9110 §5.6.2). Default: `__Host-session`; with a `domain` or a `path` of its own
   * `__Secure-session`, and without `secure` `session`.
   */
  readonly name?: string;
  /** Sent on encrypted connections only, and to `localhost`. `false` is for development on plain http. Default true. */
  readonly secure?: boolean;
  /** Out of reach of the page's scripts. Default true. */
  readonly httpOnly?: boolean;
  /** Which requests from other sites carry it. Default `lax`: only those that open a page. */
  readonly sameSite?: 'lax' | 'strict' | 'none';
  /** Default `/`. Other values protect nothing: pages of one host can read each other. At most 1024 characters. */
  readonly path?: string;
  /** Default: none, so that no other host gets it. At most 253 characters. */
  readonly domain?: string;
  /** Kept apart for each page that embeds this one (CHIPS). Default false. */
  readonly partitioned?: boolean;
  /** Whether it outlives the browser, as long as the session can, at most 400 days. Default true. */
  readonly persistent?: boolean;
  /**
   * 1 to 8 secrets of a second cookie, `<name>.sig`, without which the first is ignored (FOXX-73): the first signs, all
   * verify. Of use with ids that are not signed and can be guessed, and there are none here; for Foxx. Default: none.
   */
  readonly companion?: readonly Secret[];
  /** Whether a new session is told by this cookie. `false` = it is only read, and cleared. Default true. */
  readonly announce?: boolean;
}

/** Seconds. Browsers keep no cookie longer (RFC 6265bis §5.5). */
const longestAge = 400 * 24 * 60 * 60;
const longestName = 256;
/** Bytes of a name and its value: more, and the browser ignores the cookie (RFC 6265bis §5.6). */
const mostBytes = 4096;
/** How many cookies of one name are looked at, and how many may be good in form: no browser sends more than a few. */
const mostOfOneName = 16;
const mostCandidates = 4;

/** A cookie with the session in it. */
export function cookieCarrier(options: CookieOptions = {}): Carrier {
  const attributes = attributesOf(options);
  const { name, secure } = attributes;
  const signatureName = `${name}.sig`;
  const companion = options.companion === undefined ? undefined : secretsOf('companion', options.companion);

  function set(cookie: string, value: string, life: Pick<SetCookie, 'maxAge' | 'expires'>): string {
    const text = stringifySetCookie({ ...attributes, ...life, name: cookie, value });
    if (text.indexOf(';') <= mostBytes) return text;
    throw invalidOption(`The option ids makes ids that no cookie can hold: more than ${mostBytes} bytes.`);
  }

  function valuesOf(header: string, cookie: string): readonly string[] {
    const first = header.indexOf(`${cookie}=`);
    if (first === -1) return [];
    if (header.indexOf(`${cookie}=`, first + 1) === -1) {
      const value = parseCookie(header)[cookie];
      return value === undefined ? [] : [value];
    }
    // More than one, or another whose name ends like it: the parser would give the first only (S39).
    return header
      .split(';')
      .flatMap((pair) => parseCookie(pair)[cookie] ?? [])
      .slice(0, mostOfOneName);
  }

  function isSigned(value: string, signatures: readonly string[]): boolean {
    if (companion === undefined) return true;
    return companion.some((secret) => {
      const expected = signatureOf(value, secret);
      return signatures.some((given) => isEqual(given, expected));
    });
  }

  const carrier: Carrier = {
    name: 'cookie',
    ambient: true,
    header: 'Cookie',

    find(request, { idOf }) {
      const header = request.header('cookie');
      if (header === undefined) return none;
      const values = valuesOf(header, name);
      if (values.length === 0) return none;
      const signatures = companion === undefined ? [] : valuesOf(header, signatureName);
      const ids = new Set<string>();
      for (const value of values) {
        if (!isSigned(value, signatures)) continue;
        const id = idOf(value);
        if (id !== undefined && ids.size < mostCandidates) ids.add(id);
      }
      return [...ids];
    },

    clear() {
      // Name, path and domain as they were set: else the browser keeps the old one (S19, V-50).
      const life = { maxAge: 0, expires: new Date(0) };
      const names = companion === undefined ? [name] : [name, signatureName];
      return { 'set-cookie': names.map((cookie) => set(cookie, '', life)) };
    },
  };
  if (!yesOrNo('cookie.announce', options.announce ?? true)) return carrier;
  return {
    ...carrier,

    check(request) {
      if (!secure || request.secure || isThisMachine(request)) return;
      throw new SessionError('config/insecure', {
        message:
          'The session cookie is Secure, and this request came over plain http: serve https, say with the option proxies ' +
          'how many of your proxies end it, or set cookie.secure to false for development.',
        status: 500,
      });
    },

    announce({ wire, maxAge }) {
      const keep = options.persistent !== false && maxAge !== undefined;
      const life = keep ? { maxAge: Math.min(maxAge, longestAge) } : {};
      const cookie = set(name, wire, life);
      if (companion === undefined) return { 'set-cookie': [cookie] };
      return { 'set-cookie': [cookie, set(signatureName, signatureOf(wire, companion[0]), life)] };
    },
  };
}

function attributesOf(options: CookieOptions): SetCookie & { readonly secure: boolean } {
  const { path = '/', domain } = options;
  const secure = yesOrNo('cookie.secure', options.secure ?? true);
  const partitioned = yesOrNo('cookie.partitioned', options.partitioned ?? false);
  const httpOnly = yesOrNo('cookie.httpOnly', options.httpOnly ?? true);
  const sameSite = oneOf('cookie.sameSite', options.sameSite ?? 'lax', ['lax', 'strict', 'none']);
  const ownHost = path === '/' && domain === undefined;
  const name = options.name ?? (secure ? (ownHost ? '__Host-session' : '__Secure-session') : 'session');
  yesOrNo('cookie.persistent', options.persistent ?? true);

  if (!/^[\w!#$%&'*.^`|~+-]+$/.test(name) || name.length > longestName) {
    throw invalidOption(
      `The option cookie.name must be 1 to ${longestName} characters that a cookie's name can have.`,
    );
  }
  if (!/^\/[!-:=-~]{0,1023}$/.test(path)) {
    throw invalidOption(
      'The option cookie.path must begin with a slash, have no space or semicolon and at most 1024 characters.',
    );
  }
  if (domain !== undefined && !isDomain(domain)) {
    throw invalidOption('The option cookie.domain must be the name of a host, such as app.example.');
  }
  if (/^__host-/i.test(name) && !(secure && ownHost)) {
    throw invalidOption(
      'A cookie named __Host-… must be Secure, have the path / and no domain (RFC 6265bis §4.1.3.2).',
    );
  }
  if (/^__secure-/i.test(name) && !secure) {
    throw invalidOption('A cookie named __Secure-… must be Secure (RFC 6265bis §4.1.3.1).');
  }
  if (/^__(host-)?http-/i.test(name) && !(secure && httpOnly)) {
    throw invalidOption('A cookie named __Http-… or __Host-Http-… must be Secure and HttpOnly.');
  }
  if (sameSite === 'none' && !secure) {
    throw invalidOption("A cookie with sameSite 'none' must be Secure: browsers drop it otherwise.");
  }
  if (partitioned && !secure)
    throw invalidOption('A partitioned cookie must be Secure: browsers drop it otherwise.');
  return {
    name,
    value: '',
    secure,
    httpOnly,
    sameSite,
    path,
    ...(domain === undefined ? undefined : { domain }),
    ...(partitioned ? { partitioned } : undefined),
  };
}

function signatureOf(value: string, secret: Secret): string {
  return createHmac('sha256', secret).update(value).digest('hex');
}

/** In bytes: a text of the same length can have more of them, which would be refused. */
function isEqual(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** RFC 1035 §2.3.1 */
function isDomain(text: string): boolean {
  return (
    text.length <= 253 && /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i.test(text)
  );
}

/** Browsers take Secure cookies from their own machine without encryption, where nobody listens in. */
function isThisMachine(request: HttpRequest): boolean {
  return /^(([a-z\d-]+\.)*localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(request.header('host') ?? '');
}
