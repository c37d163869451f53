/** node:http: bare, and the least code that makes sessions on it. */
import { createHmac, createSecretKey, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { type Data, dataOf, firstUser, isSignIn, readJson, sendJson } from '../content.js';
import { noSessions, type Stack, type Stacks } from '../stack.js';

const day = 86_400_000;

function bare(): Stack {
  const data = dataOf(firstUser);
  const server = createServer((request, response) => {
    if (isSignIn(request)) readJson(request, ({ user }) => sendJson(response, dataOf(user)));
    else sendJson(response, data);
  });
  return { server, dialect: noSessions };
}

/** What joins what travels and what is kept. */
interface Scheme {
  issue(): readonly [wire: string, id: string];
  idOf(wire: string): string | undefined;
}

interface Kept {
  readonly data: Data;
  readonly expiresAt: number;
}

/** A cookie read by hand, a look-up in a Map, the expiry. */
function byHand({ issue, idOf }: Scheme): Stack {
  const kept = new Map<string, Kept>();
  const server = createServer((request, response) => {
    if (isSignIn(request)) {
      readJson(request, ({ user }) => {
        const [wire, id] = issue();
        const data = dataOf(user);
        kept.set(id, { data, expiresAt: Date.now() + day });
        response.setHeader('set-cookie', `session=${wire}; Path=/; HttpOnly; SameSite=Lax`);
        sendJson(response, data);
      });
      return;
    }
    const wire = cookieOf(request);
    const id = wire === undefined ? undefined : idOf(wire);
    const found = id === undefined ? undefined : kept.get(id);
    if (found === undefined || found.expiresAt <= Date.now()) response.writeHead(401).end();
    else sendJson(response, found.data);
  });
  return { server };
}

function cookieOf(request: IncomingMessage): string | undefined {
  const header = request.headers.cookie;
  const start = header?.indexOf('session=') ?? -1;
  if (header === undefined || start === -1) return undefined;
  const end = header.indexOf(';', start);
  return header.slice(start + 8, end === -1 ? undefined : end);
}

/** A random id travels, and its digest is kept: a copy of the Map signs nobody in. */
const digest: Scheme = {
  issue() {
    const wire = randomBytes(32).toString('base64url');
    return [wire, hash('sha256', wire, 'base64url')];
  },
  idOf: (wire) => hash('sha256', wire, 'base64url'),
};

const key = createSecretKey(randomBytes(32));
const signatureOf = (id: string): Buffer => createHmac('sha256', key).update(id).digest();

/** A random id travels with its signature. */
const signature: Scheme = {
  issue() {
    const id = randomBytes(32).toString('base64url');
    return [`${id}.${signatureOf(id).toString('base64url')}`, id];
  },
  idOf(wire) {
    const dot = wire.indexOf('.');
    const id = wire.slice(0, dot);
    const given = Buffer.from(wire.slice(dot + 1), 'base64url');
    const right = signatureOf(id);
    return given.length === right.length && timingSafeEqual(given, right) ? id : undefined;
  },
};

export const stacks: Stacks = {
  'bare node:http': bare,
  'limit-sha-map': () => byHand(digest),
  'limit-hmac-map': () => byHand(signature),
};
