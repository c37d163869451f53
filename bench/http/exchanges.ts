import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { firstUser, proofOf, users } from './content.js';
import type { Exchange } from './load.js';
import type { Running } from './stack-process.js';

/** What is asked again and again. */
export type Act = 'who am I' | 'sign in';

/** Signs all users in, if need be, and prepares the requests of them all. */
export async function prepare(stack: Running, act: Act): Promise<Exchange[]> {
  if (act === 'sign in') return users.map((user) => exchange(signIn(stack, user), user));
  const { carrier } = stack.dialect;
  if (carrier === 'none') return [exchange(whoAmI(stack, ''), firstUser)];
  return Promise.all(
    users.map(async (user) => exchange(whoAmI(stack, await credentialOf(stack, user)), user)),
  );
}

const exchange = (bytes: string, user: string): Exchange => ({
  request: Buffer.from(bytes),
  proof: Buffer.from(proofOf(user)),
});

function whoAmI({ port, dialect }: Running, credential: string): string {
  return `GET ${dialect.whoAmIPath} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${credential}\r\n`;
}

const bodyOf = ({ dialect }: Running, user: string): string => dialect.credentials.replace('??', user);

function signIn(stack: Running, user: string): string {
  const { port, dialect } = stack;
  const body = bodyOf(stack, user);
  const head = [
    `POST ${dialect.signInPath} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** The header line that proves who asks: a new session's. */
async function credentialOf(stack: Running, user: string): Promise<string> {
  const { name, dialect } = stack;
  const { status, cookies, body } = await post(stack, bodyOf(stack, user));
  if (status < 200 || status > 299) throw new Error(`${name} refuses to sign in: ${status}.`);
  if (dialect.carrier === 'bearer') return `Authorization: Bearer ${JSON.parse(body).token}\r\n`;
  if (cookies.length === 0) throw new Error(`${name} signs in without a cookie.`);
  return `Cookie: ${cookies.map((cookie) => cookie.split(';', 1)[0]).join('; ')}\r\n`;
}

interface Answer {
  readonly status: number;
  readonly cookies: readonly string[];
  readonly body: string;
}

/** Not by fetch, which looks like a page: stacks that defend themselves ask pages for more. */
function post({ port, dialect }: Running, content: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'content-length': content.length };
  const options = { host: '127.0.0.1', port, path: dialect.signInPath, method: 'POST', headers, agent };
  return new Promise((resolve, reject) => {
    const sent = request(options, (answer) => {
      const { statusCode: status = 0, headers } = answer;
      text(answer).then((body) => resolve({ status, cookies: headers['set-cookie'] ?? [], body }), reject);
    });
    sent.on('error', reject).end(content);
  });
}

const agent = new Agent({ maxSockets: 8 });
