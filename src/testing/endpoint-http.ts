import { Agent, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';

export interface Sent {
  readonly method?: string;
  /** Path and query. */
  readonly path: string;
  readonly headers?: { readonly [name: string]: string };
  /** A list is sent in chunks, without a length. */
  readonly body?: string | readonly string[];
  /** Default: a connection of its own. */
  readonly agent?: Agent;
}

/** Headers by their lower-case names, each as often as it came. */
type Fields = { readonly [name: string]: readonly string[] };

export class Answer {
  constructor(
    readonly status: number,
    readonly fields: Fields,
    readonly text: string,
  ) {}

  /** A header as one value; `undefined` = it is not there. */
  header(name: string): string | undefined {
    return this.fields[name]?.join(', ');
  }

  get cookies(): readonly Cookie[] {
    return (this.fields['set-cookie'] ?? []).map(cookieOf);
  }

  get json(): unknown {
    try {
      return JSON.parse(this.text);
    } catch {
      return undefined;
    }
  }
}

export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly line: string;
  /** By lower-case names; `''` where there is no value. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** RFC 6265bis §5.6, as far as a server that keeps to §4.1 needs it. */
function cookieOf(line: string): Cookie {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const [name, value] = cut(pair);
  return {
    name,
    value,
    line,
    attributes: new Map(
      attributes.map((text) => {
        const [key, given] = cut(text);
        return [key.toLowerCase(), given];
      }),
    ),
  };
}

function cut(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** An agent with one connection that is kept, so that requests share it. */
export const oneConnection = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

/** Sends a request with each header as told, `host` and `origin` included, as no browser would. */
export function send(base: string, sent: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = begin(base, sent);
    request.on('error', reject);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const fields = Object.entries(response.headersDistinct).map(([name, values]) => [name, values ?? []]);
        resolve(
          new Answer(
            response.statusCode ?? 0,
            Object.fromEntries(fields),
            Buffer.concat(parts).toString('utf8'),
          ),
        );
      });
    });
    request.end();
  });
}

/** The same, but the client goes away when all is sent and `gone` is called. */
export function sendAndLeave(base: string, sent: Sent): { gone(): Promise<void> } {
  const request = begin(base, sent);
  const closed = new Promise<void>((resolve) => request.once('close', () => resolve()));
  const written = new Promise<void>((resolve) => request.once('finish', () => resolve()));
  request.on('error', () => {});
  request.end();
  return {
    async gone() {
      await Promise.race([written, closed]);
      request.destroy();
      await closed;
    },
  };
}

function begin(base: string, { method = 'GET', path, headers = {}, body, agent }: Sent) {
  const url = new URL(path, base);
  const options: RequestOptions = { method, path, agent: agent ?? false };
  const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
  if (typeof body === 'string') request.setHeader('content-length', Buffer.byteLength(body));
  else if (body !== undefined) request.setHeader('transfer-encoding', 'chunked');
  for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
  for (const chunk of typeof body === 'string' ? [body] : (body ?? [])) request.write(chunk);
  return request;
}

/**
 * Sends requests without bodies on one connection, all before the first is answered, and gives the bodies of the answers in
 * their order (RFC 9112 §9.3.2). Plain http only; each answer must be in JSON.
 */
export async function pipeline(base: string, requests: readonly Omit<Sent, 'body'>[]): Promise<unknown[]> {
  const { hostname, port, host } = new URL(base);
  const text = requests.map(({ method = 'GET', path, headers = {} }, index) => {
    const last = index === requests.length - 1 ? { connection: 'close' } : {};
    const lines = Object.entries({ host, ...headers, ...last }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    return `${method} ${path} HTTP/1.1\r\n${method === 'GET' ? '' : 'content-length: 0\r\n'}${lines.join('')}\r\n`;
  });
  const received = new Promise<string>((resolve, reject) => {
    let all = '';
    const socket = connect(Number(port || 80), hostname, () => socket.write(text.join('')));
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('data', (data) => {
      all += data;
    });
    socket.on('end', () => {
      socket.end();
      resolve(all);
    });
  });
  const answers = (await received).split(/HTTP\/1\.1 (?=\d{3} )/).slice(1);
  return answers.map((answer) => JSON.parse(/\{.*\}/s.exec(answer)?.[0] ?? 'null'));
}
