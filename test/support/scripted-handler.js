import { createServer } from 'node:http';

/**
 * The Node side of scripted-server.ts: a server that does what a test tells it, request by request. It answers below
 * `/scripted/<id>/`; `/scripted/<id>/control` is how the test gives its orders.
 *
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: unknown, contentType?: string, drop?: boolean }} Answer
 * @typedef {{ method: string, path: string, headers: Record<string, string>, body: string }} Seen
 * @typedef {{ request?: Seen, response?: import('node:http').ServerResponse, waiting: ((seen: Seen) => void)[] }} Hold
 * @typedef {{ answers: Map<string, Answer>, queue: Map<string, Hold[]>, holds: Hold[], requests: Seen[] }} Script
 */

/** @type {Map<string, Script>} */
const scripts = new Map();

/** @param {string} id */
function scriptOf(id) {
  const known = scripts.get(id);
  if (known) return known;
  /** @type {Script} */
  const fresh = { answers: new Map(), queue: new Map(), holds: [], requests: [] };
  scripts.set(id, fresh);
  return fresh;
}

/** @param {import('node:http').IncomingMessage} request */
async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** @param {import('node:http').IncomingMessage} request */
function crossOriginHeaders(request) {
  const { origin } = request.headers;
  if (origin === undefined) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
    'access-control-expose-headers': 'etag, location, retry-after',
    'access-control-max-age': '0',
    vary: 'origin',
  };
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {Answer} answer
 */
function send(response, { status = 200, headers = {}, body, contentType, drop }) {
  if (drop) {
    response.socket?.destroy();
    return;
  }
  const isText = typeof body === 'string';
  response.statusCode = status;
  response.setHeader('cache-control', 'no-store');
  for (const [name, value] of Object.entries(crossOriginHeaders(response.req)))
    response.setHeader(name, value);
  if (body !== undefined) {
    response.setHeader(
      'content-type',
      contentType ?? (isText ? 'text/plain; charset=utf-8' : 'application/json'),
    );
  }
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body === undefined ? undefined : isText ? body : JSON.stringify(body));
}

/** What each order of scripted-server.ts does; its answer goes back to the test. */
const orders = {
  /** @param {Script} script @param {{ method: string, answer: Answer }} order */
  answer(script, { method, answer }) {
    script.answers.set(method, answer);
  },
  /** @param {Script} script @param {{ method: string }} order */
  hold(script, { method }) {
    /** @type {Hold} */
    const hold = { waiting: [] };
    script.queue.set(method, [...(script.queue.get(method) ?? []), hold]);
    return script.holds.push(hold) - 1;
  },
  /** Answered when the held request has come. @param {Script} script @param {{ hold: number }} order */
  arrived(script, { hold }) {
    const held = script.holds[hold];
    return held?.request ?? new Promise((resolve) => held?.waiting.push(resolve));
  },
  /** @param {Script} script @param {{ hold: number, answer?: Answer }} order */
  async release(script, { hold, answer }) {
    const { method } = await orders.arrived(script, { hold });
    const response = script.holds[hold]?.response;
    if (response) send(response, answer ?? defaultAnswer(script, method));
  },
  /** @param {Script} script */
  requests(script) {
    return script.requests;
  },
  /** Lets go of whatever a test forgot: a held request blocks one of the browser's six connections. @param {Script} script */
  end(script) {
    for (const { response, waiting } of script.holds) {
      if (response && !response.writableEnded) send(response, { drop: true });
      for (const resolve of waiting) resolve({ method: '', path: '', headers: {}, body: '' });
    }
    script.queue.clear();
    script.holds.length = 0;
  },
};

/** @param {Script} script @param {string} method */
function defaultAnswer(script, method) {
  return script.answers.get(method) ?? { status: 501, body: `The test has no answer for ${method}.` };
}

/**
 * @param {Script} script
 * @param {Seen} seen
 * @param {import('node:http').ServerResponse} response
 */
function answerOrHold(script, seen, response) {
  script.requests.push(seen);
  const hold = script.queue.get(seen.method)?.shift();
  if (hold === undefined) return send(response, defaultAnswer(script, seen.method));
  hold.request = seen;
  hold.response = response;
  for (const resolve of hold.waiting.splice(0)) resolve(seen);
}

/**
 * A middleware of Karma, and the whole of the second server.
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {() => void} next
 */
export async function scriptedHandler(request, response, next) {
  // Chromium repeats a request by itself when a connection that was used before breaks; a fresh one it believes. Set on the
  // server, so that Karma's own polling leaves no used connection behind.
  const { server } = /** @type {{ server?: import('node:http').Server }} */ (request.socket);
  if (server) server.maxRequestsPerSocket = 1;
  const [, id, path] = /^\/scripted\/([\w-]+)(\/.*)$/.exec(request.url ?? '') ?? [];
  if (id === undefined || path === undefined) return next();
  if (request.method === 'OPTIONS') return send(response, { status: 204 });
  const body = await bodyOf(request);
  const script = scriptOf(id);
  if (path === '/control') {
    const { order, ...rest } = JSON.parse(body);
    return send(response, { body: (await orders[order](script, rest)) ?? null });
  }
  const headers = /** @type {Record<string, string>} */ (request.headers);
  answerOrHold(script, { method: request.method ?? '', path, headers, body }, response);
}

/** The same server on another port, so on another origin. Resolves to that origin; keeps no process alive. */
export async function startSecondOrigin() {
  const server = createServer((request, response) =>
    scriptedHandler(request, response, () => {
      response.statusCode = 404;
      response.end();
    }),
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  server.unref();
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}
