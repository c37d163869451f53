import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { PendingAnswer } from '../http/current-session.js';
import type { HttpAnswer, HttpHeaders } from '../http/exchange.js';
import { type NodeExchange, sendAnswer } from './answer.js';

const outputs = ['writeHead', 'flushHeaders', 'write', 'end'] as const;
type Output = (typeof outputs)[number];
type Method = (...args: unknown[]) => unknown;

/**
 * Keeps an answer back until the store has what the handler changed, then adds what the client is to be told. What the
 * handler sends before that waits in memory. When the store refuses, `refuse` makes the answer instead, since the handler's
 * would tell of something that did not happen.
 */
export function holdAnswer(
  exchange: NodeExchange,
  pendingAnswer: PendingAnswer,
  refuse: (error: unknown) => HttpAnswer,
): void {
  const { response } = exchange;
  const methods = response as unknown as Record<Output, Method>;
  const queue: (() => void)[] = [];
  let waiting = false;

  function release(): void {
    // Those of the prototype come back.
    for (const output of outputs) Reflect.deleteProperty(response, output);
  }

  function send(output: Output, args: readonly unknown[]): unknown {
    return methods[output](...(output === 'writeHead' ? withoutHeaders(response, args) : args));
  }

  function wait(pending: Promise<unknown>): void {
    waiting = true;
    pending.then(proceed, (error: unknown) => {
      release();
      if (response.headersSent) {
        response.destroy();
        return;
      }
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      sendAnswer(refuse(error), exchange);
    });
  }

  function proceed(): void {
    const pending = pendingAnswer.pending();
    if (pending !== undefined) {
      wait(pending);
      return;
    }
    release();
    tell(response, pendingAnswer.headers());
    for (const call of queue) call();
  }

  for (const output of outputs) {
    methods[output] = (...args) => {
      if (!waiting) {
        const pending = pendingAnswer.pending();
        if (pending === undefined) {
          proceed();
          return send(output, args);
        }
        wait(pending);
      }
      queue.push(() => send(output, args));
      return output === 'write' ? true : response;
    };
  }
}

/** Ours join those of the handler: its cookies stay, and a header of the same name that it has set wins (SC-53). */
function tell(response: ServerResponse, headers: HttpHeaders): void {
  if (response.headersSent) return;
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'set-cookie') response.appendHeader(name, value);
    // What must not be cached must not, whoever said otherwise (S35).
    else if (name === 'cache-control' || !response.hasHeader(name)) response.setHeader(name, value);
  }
}

/** `writeHead(status, [message], [headers])` would put its headers in the place of those that are set; here they join. */
function withoutHeaders(response: ServerResponse, args: readonly unknown[]): readonly unknown[] {
  const headers = args.at(-1);
  if (typeof headers !== 'object' || headers === null) return args;
  const cookies = response.getHeader('set-cookie');
  for (const [name, value] of pairsOf(headers)) {
    if (name.toLowerCase() === 'cache-control' && cookies !== undefined) continue;
    if (value === undefined) continue;
    if (name.toLowerCase() === 'set-cookie') response.appendHeader(name, value as string | string[]);
    else response.setHeader(name, value);
  }
  return args.slice(0, -1);
}

function pairsOf(headers: object): readonly (readonly [string, OutgoingHttpHeaders[string]])[] {
  if (!Array.isArray(headers)) return Object.entries(headers);
  if (Array.isArray(headers[0])) return headers;
  // Names and values in turn.
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]] as const] : []));
}
