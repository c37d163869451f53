import type { IncomingMessage, ServerResponse } from 'node:http';

/** 200 names of two characters, so that all requests and answers are of one length. */
export const users: readonly string[] = Array.from({ length: 200 }, (_, number) =>
  (number + 360).toString(36),
);
export const firstUser = users[0] ?? '';

export interface Data {
  readonly user: string;
  readonly name: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly theme: string;
  readonly language: string;
  readonly cart: readonly { readonly item: number; readonly count: number }[];
}

/** What a session keeps, and what "who am I" answers: 192 bytes of JSON. */
export const dataOf = (user: string): Data => ({
  user,
  name: `A person who is called ${user}`,
  email: `${user}@mail.example`,
  roles: ['customer', 'reader'],
  theme: 'dark',
  language: 'en-GB',
  cart: [
    { item: 40231, count: 1 },
    { item: 57310, count: 12 },
  ],
});

/** Stands in every right answer about this user. */
export const proofOf = (user: string): string => `"user":"${user}"`;

/** The same answer from every stack on node:http. */
export function sendJson(response: ServerResponse, data: unknown): void {
  const body = JSON.stringify(data);
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

/** The body of a sign-in, by the least code. */
export function readJson(request: IncomingMessage, use: (body: { readonly user: string }) => unknown): void {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => use(JSON.parse(text)));
}

export const isSignIn = (request: IncomingMessage): boolean => request.method === 'POST';
