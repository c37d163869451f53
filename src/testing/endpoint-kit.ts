import { equal, ok } from './assert.js';
import { type Answer, type Cookie, type Sent, send } from './endpoint-http.js';

export type Mode = 'token' | 'cookie';

/** Somebody who may sign in. */
export interface TestCredentials {
  readonly username: string;
  readonly password: string;
}

/** A backend that runs. */
export interface RunningEndpoint {
  /** Address of the session resource: `http://127.0.0.1:3000/session`. */
  readonly url: string;
  /** Ends it, after the case. */
  readonly stop?: (() => void | Promise<void>) | undefined;
  /** For S76: from now on its store fails, `true`, or works again, `false`. Default: not checked. */
  readonly breakStore?: ((broken: boolean) => void) | undefined;
}

/** What is known of the backend. */
export interface EndpointFacts {
  readonly credentials: TestCredentials;
  readonly mode: Mode;
  readonly cookie: { readonly name: string; readonly secure: boolean };
  /** An origin that the backend lists. */
  readonly origin: string | undefined;
  /** Bytes. */
  readonly bodyLimit: number | undefined;
}

/** What a client holds after a sign-in. */
export interface Credential {
  /** Headers that prove who asks. */
  readonly headers: { readonly [name: string]: string };
  /** The token, or the cookie's value. */
  readonly secret: string;
  readonly answer: Answer;
}

export const json = { 'content-type': 'application/json' };
/** What a browser adds where a page calls its own server. */
export const sameOrigin = { 'sec-fetch-site': 'same-origin' };
export const foreign = 'https://elsewhere.example';

/** One running backend, and what was said to it and by it. */
export class Kit {
  readonly answers: Answer[] = [];
  readonly #running: RunningEndpoint;
  readonly facts: EndpointFacts;

  constructor(running: RunningEndpoint, facts: EndpointFacts) {
    this.#running = running;
    this.facts = facts;
  }

  get url(): string {
    return this.#running.url;
  }

  get path(): string {
    return new URL(this.url).pathname;
  }

  breakStore(broken: boolean): void {
    this.#running.breakStore?.(broken);
  }

  /** To the session resource, unless a path is named. */
  async send(sent: Partial<Sent>): Promise<Answer> {
    const answer = await send(this.url, { path: this.path, ...sent });
    this.answers.push(answer);
    return answer;
  }

  /** A sign-in with any body, from a page of the same origin. */
  post(body: Sent['body'], headers: Sent['headers'] = json): Promise<Answer> {
    return this.send({
      method: 'POST',
      headers: { ...sameOrigin, ...headers },
      ...(body === undefined ? {} : { body }),
    });
  }

  get body(): string {
    const { username, password } = this.facts.credentials;
    return JSON.stringify({ username, password });
  }

  get wrongBody(): string {
    const { username, password } = this.facts.credentials;
    return JSON.stringify({ username, password: `${password}-not` });
  }

  /** `holding`: what the client proves itself with while it signs in. */
  async signIn(holding: Sent['headers'] = {}): Promise<Credential> {
    const answer = await send(this.url, {
      path: this.path,
      method: 'POST',
      headers: { ...json, ...sameOrigin, ...holding },
      body: this.body,
    });
    equal(answer.status, 201, 'the status of a sign-in');
    const secret = this.facts.mode === 'token' ? tokenOf(answer) : this.sessionCookie(answer).value;
    return { secret, headers: this.proof(secret), answer };
  }

  /** Headers with which a client shows what it holds. */
  proof(secret: string): { readonly [name: string]: string } {
    return this.facts.mode === 'token'
      ? { authorization: `Bearer ${secret}` }
      : { cookie: `${this.facts.cookie.name}=${secret}` };
  }

  /** The one cookie with the session. */
  sessionCookie(answer: Answer): Cookie {
    const found = answer.cookies.filter(({ name }) => name === this.facts.cookie.name);
    const [cookie] = found;
    ok(cookie !== undefined, `the answer sets the cookie ${this.facts.cookie.name}`);
    equal(found.length, 1, 'it sets the cookie once');
    return cookie;
  }

  whoAmI({ headers }: Pick<Credential, 'headers'>): Promise<Answer> {
    return this.send({ headers });
  }

  signOut({ headers }: Pick<Credential, 'headers'>): Promise<Answer> {
    return this.send({ method: 'DELETE', headers: { ...headers, ...sameOrigin } });
  }

  /** Nobody is signed in any more with what the client holds. */
  async isOver(credential: Pick<Credential, 'headers'>, when: string): Promise<void> {
    isProblem(await this.whoAmI(credential), 401, /^(session|token)\//, when);
  }

  async lives(credential: Pick<Credential, 'headers'>, when: string): Promise<void> {
    equal((await this.whoAmI(credential)).status, 200, when);
  }
}

export function tokenOf(answer: Answer): string {
  const token = (answer.json as { token?: unknown } | undefined)?.token;
  ok(typeof token === 'string' && token !== '', 'the body of a sign-in holds a token');
  return token;
}

/** RFC 9457, and what this package adds to it. */
export function isProblem(answer: Answer, status: number, code: string | RegExp, when = ''): void {
  const what = when === '' ? `${code}` : when;
  equal(answer.status, status, `${what}: status`);
  equal(answer.header('content-type')?.split(';')[0], 'application/problem+json', `${what}: content type`);
  const body = answer.json as { readonly [member: string]: unknown } | undefined;
  ok(typeof body === 'object' && body !== null, `${what}: the body is a JSON object`);
  equal(body.status, status, `${what}: status in the body`);
  ok(typeof body.title === 'string' && body.title !== '', `${what}: there is a title`);
  ok(typeof body.type === 'string' && body.type !== '', `${what}: there is a type`);
  if (typeof code === 'string') equal(body.code, code, `${what}: code`);
  else ok(code.test(String(body.code)), `${what}: the code ${String(body.code)} is like ${code}`);
  if (status === 401)
    ok(answer.header('www-authenticate') !== undefined, `${what}: there is a challenge (S66)`);
}

/** One statement, and the work that shows it. */
export interface EndpointDraft {
  readonly name: string;
  /** Default: both. */
  readonly mode?: Mode;
  /** What must be known, or possible, for the case to make sense. */
  readonly needs?: 'origin' | 'bodyLimit' | 'breakStore';
  readonly act: (kit: Kit) => Promise<void>;
}

export type { Answer };
