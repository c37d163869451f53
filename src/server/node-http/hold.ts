import type { ServerResponse } from 'node:http';
import type { PendingAnswer } from '../http/current-session.js';
import type { HttpAnswer, HttpHeaders } from '../http/exchange.js';
import { type NodeExchange, type Outlet, sendAnswer } from './answer.js';
import { applyHead } from './head.js';

const outputs = ['writeHead', 'flushHeaders', 'write', 'end'] as const;
type Output = (typeof outputs)[number];
const headerChanges = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader'] as const;

type Args = readonly unknown[];
type Method = (...args: Args) => unknown;

interface Call {
  readonly output: Output;
  readonly args: Args;
}

/**
 * Keeps an answer back until the store has what the handler changed, then adds what the client is to be told. Meanwhile the
 * response looks as if it had been sent, a stream is told to wait, and the rest waits in memory. When the store refuses,
 * `refuse` makes the answer instead, without any header of the handler's, since that one would tell of something that did
 * not happen; what the handler still sends is dropped.
 *
 * Others wrap the methods of a response too, before us and after us; so ours stay where they are and let through.
 */
export function holdAnswer(
  { request, response }: NodeExchange,
  pendingAnswer: PendingAnswer,
  refuse: (error: unknown) => HttpAnswer,
): void {
  const methods = response as unknown as Record<string, Method>;
  const originals = new Map<string, Method>();
  const queue: Call[] = [];
  /** Whether part of the answer was under way before the session was changed. */
  const begun = response.headersSent;
  let state: 'open' | 'waiting' | 'refused' = 'open';
  let told = false;
  /** Status and message at the time at which they would have been sent. */
  let line: readonly [number, string] | undefined;
  /** Whether it is us who use the response that the handler cannot use any more. */
  let ours = false;

  function call(method: string, args: Args): unknown {
    return Reflect.apply(originals.get(method) as Method, response, args);
  }

  function asOurs<T>(work: () => T): T {
    ours = true;
    try {
      return work();
    } finally {
      ours = false;
    }
  }

  function output(output: Output, args: Args): unknown {
    if (ours) return call(output, args);
    if (state === 'refused') return dropped(output, args);
    if (state === 'waiting') return held(output, args);
    const pending = pendingAnswer.pending();
    if (pending !== undefined) {
      const rest = beginHead(output, args);
      wait(pending);
      return held(output, rest);
    }
    if (told) return call(output, args);
    const rest = isEmpty(pendingAnswer.headers()) ? args : beginHead(output, args);
    return tell() ? call(output, rest) : dropped(output, args);
  }

  /** The head as the handler wants it, so that ours can be added to it. */
  function beginHead(output: Output, args: Args): Args {
    if (response.headersSent || output !== 'writeHead') return args;
    return applyHead(response, args);
  }

  function held(output: Output, args: Args): unknown {
    queue.push({ output, args });
    if (output === 'end')
      Object.defineProperty(response, 'writableEnded', { value: true, configurable: true });
    if (output === 'write') return false;
    return output === 'flushHeaders' ? undefined : response;
  }

  function wait(pending: Promise<unknown>): void {
    state = 'waiting';
    if (!response.headersSent) {
      line = [response.statusCode, response.statusMessage];
      Object.defineProperty(response, 'headersSent', { value: true, configurable: true });
    }
    pending.then(proceed, fail);
  }

  /** The response says again what is true of it. */
  function reveal(): void {
    for (const name of ['headersSent', 'writableEnded']) Reflect.deleteProperty(response, name);
  }

  function proceed(): void {
    const pending = pendingAnswer.pending();
    if (pending !== undefined) {
      pending.then(proceed, fail);
      return;
    }
    state = 'open';
    reveal();
    if (line !== undefined && !response.headersSent) [response.statusCode, response.statusMessage] = line;
    try {
      if (tell()) flush();
    } catch (error) {
      // What the handler sent cannot be sent, such as a status of 1000. Without us it would have been told at once.
      fail(error);
    }
  }

  function flush(): void {
    let [ended, full, wrote] = [false, false, false];
    for (const { output, args } of queue.splice(0)) {
      const result = call(output, args);
      if (output === 'end') ended = true;
      if (output !== 'write') continue;
      wrote = true;
      full = result === false;
    }
    // Streams were told to wait, and nobody else will tell them to go on.
    if (wrote && !full && !ended) response.emit('drain');
  }

  function fail(error: unknown): void {
    state = 'refused';
    reveal();
    const calls = queue.splice(0);
    if (response.headersSent) {
      refuse(error);
      response.destroy();
    } else {
      asOurs(() => {
        for (const name of response.getHeaderNames()) response.removeHeader(name);
        // Such as the id of a session that has got a new one before the store gave up.
        addHeaders(response, pendingAnswer.headers());
      });
      response.statusMessage = '';
      sendAnswer(refuse(error), { request, response: outlet() });
    }
    for (const { output, args } of calls) dropped(output, args, error);
  }

  /** The response for us alone, below whatever others have put over it. */
  function outlet(): Outlet {
    const calls = outputs.map((output) => [output, (...args: Args) => asOurs(() => call(output, args))]);
    return { ...Object.fromEntries(calls), destroy: () => response.destroy() };
  }

  function dropped(
    output: Output,
    args: Args,
    error: unknown = new Error('The answer was refused.'),
  ): unknown {
    const done = args.at(-1);
    if (typeof done === 'function') process.nextTick(done as Method, error);
    if (output === 'write') return true;
    return output === 'flushHeaders' ? undefined : response;
  }

  /** Adds what the client is to be told. False = it is too late for that. */
  function tell(): boolean {
    told = true;
    const headers = pendingAnswer.headers();
    if (!response.headersSent) {
      addHeaders(response, headers);
      return true;
    }
    if (!begun || Object.keys(headers).every((name) => name === 'cache-control')) return true;
    fail(new Error('The session was changed after the head of the answer, so the client cannot be told.'));
    return false;
  }

  for (const name of outputs) {
    originals.set(name, methods[name] as Method);
    methods[name] = (...args) => output(name, args);
  }
  for (const name of headerChanges) {
    const original = methods[name];
    // Not every Node has all of them.
    if (original === undefined) continue;
    methods[name] = (...args) => {
      if (state !== 'open' && !ours) throw headersSent(name);
      return Reflect.apply(original, response, args);
    };
  }
}

const isEmpty = (headers: HttpHeaders): boolean => Object.keys(headers).length === 0;

/** What node:http says to whoever changes the headers of an answer that was sent. */
function headersSent(method: string): Error {
  const verb = { setHeader: 'set', setHeaders: 'set', appendHeader: 'append' }[method] ?? 'remove';
  const error = new Error(`Cannot ${verb} headers after they are sent to the client`);
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' });
}

/** Ours join those of the handler: its cookies stay, and a header of the same name that it has set wins (SC-53). */
function addHeaders(response: ServerResponse, headers: HttpHeaders): void {
  for (const [name, value] of Object.entries(headers)) {
    // A new list: the handler's may be one that it gives to everybody, and appendHeader would add to that.
    if (name === 'set-cookie')
      response.setHeader(name, [response.getHeader(name) ?? [], value].flat().map(String));
    // What must not be cached must not, whoever said otherwise (S35).
    else if (name === 'cache-control' || !response.hasHeader(name)) response.setHeader(name, value);
  }
}
