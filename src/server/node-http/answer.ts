import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpAnswer } from '../http/exchange.js';
import { discardRest } from './body.js';

/** One request and its response, as node:http has them. */
export interface NodeExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** As much of a response as an answer needs. */
export type Outlet = Pick<ServerResponse, 'writeHead' | 'flushHeaders' | 'write' | 'end' | 'destroy'>;

interface Outgoing {
  readonly request: IncomingMessage;
  readonly response: Outlet;
}

/** Sends an answer of ours. */
export function sendAnswer(answer: HttpAnswer, exchange: Outgoing): void {
  // Only a connection that broke can make this fail, and then nobody is left to be told.
  deliver(answer, exchange).catch(() => exchange.response.destroy());
}

async function deliver(
  { status, headers, body }: HttpAnswer,
  { request, response }: Outgoing,
): Promise<void> {
  const all: Record<string, string | number | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    all[name] = typeof value === 'string' ? value : [...value];
  }
  if (body !== undefined) all['content-length'] = Buffer.byteLength(body);
  // Requests that are made up, as by Fastify's `inject`, do not say.
  if (request.complete !== false) {
    response.writeHead(status, all);
    response.end(body);
    return;
  }
  // Part of the body was not wanted, so the connection cannot be used again. Node would read all the rest to keep it.
  all.connection = 'close';
  response.writeHead(status, all);
  if (body === undefined) response.flushHeaders();
  else response.write(body);
  await discardRest(request);
  response.end();
}
