import { equal, ok } from './assert.js';
import { type Answer, type Cookie, type Sent, send } from './endpoint-http.js';
import type { StoreControl } from './endpoint-store.js';

/** The app, as it runs on a host. */
export interface RunningHost {
  /** Where it is: `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Ends it, after the case. */
  stop(): void | Promise<void>;
}

/** What a handler sees of its session: the answer of most routes. */
export interface Seen {
  readonly user: string | null;
  readonly value: string | null;
}

type Held = Parameters<StoreControl['hold']>[0];

/** One running app, and the store below it. */
export class HostKit {
  readonly url: string;
  readonly control: StoreControl;
  readonly #cookie: string;

  constructor(url: string, control: StoreControl, cookie: string) {
    this.url = url;
    this.control = control;
    this.#cookie = cookie;
  }

  get(path: string, headers: Sent['headers'] = {}): Promise<Answer> {
    return send(this.url, { path, headers });
  }

  /** As a page of the same origin does. */
  post(path: string, headers: Sent['headers'] = {}): Promise<Answer> {
    return send(this.url, { ...this.sent(path), headers: { ...this.sent(path).headers, ...headers } });
  }

  sent(path: string): Sent & { readonly headers: { readonly [name: string]: string } } {
    return { method: 'POST', path, headers: { 'sec-fetch-site': 'same-origin', 'content-length': '0' } };
  }

  /** Begins a session that keeps the value; the header that proves it. */
  async begin(value: string): Promise<{ readonly cookie: string }> {
    return this.proof(await this.post(`/app/save?value=${value}`));
  }

  proof(answer: Answer): { readonly cookie: string } {
    const { name, value } = this.oneCookie(answer);
    return { cookie: `${name}=${value}` };
  }

  /** The one cookie with the session. */
  oneCookie(answer: Answer): Cookie {
    const found = this.cookiesOf(answer);
    const [cookie] = found;
    ok(cookie !== undefined, `status ${answer.status} sets the session cookie`);
    equal(found.length, 1, 'it is set once');
    return cookie;
  }

  cookiesOf(answer: Answer): Cookie[] {
    return answer.cookies.filter(({ name }) => name === this.#cookie);
  }

  async sees(headers: Sent['headers'], expected: Partial<Seen>, when: string): Promise<void> {
    const answer = await this.get('/app/me', headers);
    equal(answer.status, 200, `${when}: status`);
    equal(answer.json, { user: null, value: null, ...expected }, when);
  }

  /**
   * The answer to a request, which must not come before the store has let go. `then`: what the store does then.
   *
   * Two whole exchanges on other connections lie in between, so that an answer that was sent would have come.
   */
  async heldUntilStored(call: Held, work: () => Promise<Answer>, then = () => {}): Promise<Answer> {
    const hold = this.control.hold(call);
    let answered = false;
    const answer = work().finally(() => {
      answered = true;
    });
    try {
      await Promise.race([hold.reached, answer]);
      for (let i = 0; i < 2; i++) await this.get('/app/plain');
      ok(!answered, 'there is no answer before the store has the data');
    } finally {
      then();
      hold.release();
      // Whatever becomes of it, nobody else may listen.
      await answer.catch(() => {});
    }
    return answer;
  }
}

export interface HostDraft {
  readonly name: string;
  /** The app must have been told so. */
  readonly needs?: 'ambient' | 'problems';
  readonly act: (kit: HostKit) => Promise<void>;
}
