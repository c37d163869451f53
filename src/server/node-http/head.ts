import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import { joinVary } from '../http/vary.js';

/** What `writeHead(status, [message], [headers])` was called with. */
export type HeadArguments = readonly unknown[];

type Pair = readonly [name: string, value: OutgoingHttpHeader];

/** Where in its arguments `writeHead` looks for headers. */
function headersAt(args: HeadArguments): 1 | 2 {
  return typeof args[1] === 'string' || (args[2] !== undefined && args[2] !== null) ? 2 : 1;
}

/** Headers of `writeHead` in any of its forms: an object, names and values in turn, or pairs. */
function pairsOf(headers: unknown): Pair[] {
  if (typeof headers !== 'object' || headers === null) return [];
  if (!Array.isArray(headers)) return Object.entries(headers).filter(([, value]) => value !== undefined);
  if (Array.isArray(headers[0])) return headers;
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]] as const] : []));
}

/**
 * Sets what `writeHead` was told, as it does itself: a header takes the place of one of the same name that was set before.
 * Then others may be added. Gives the arguments that are left.
 */
export function applyHead(response: ServerResponse, args: HeadArguments): HeadArguments {
  const at = headersAt(args);
  const pairs = pairsOf(args[at]);
  const own = new Set<string>();
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    // A list may hold a name twice.
    const list = own.has(key) ? [response.getHeader(name) ?? [], value].flat().map(String) : value;
    response.setHeader(name, list);
    own.add(key);
  }
  return args.slice(0, at);
}

type WriteHead = (this: ServerResponse, ...args: HeadArguments) => ServerResponse;

/** By the names: few, since they are a matter of how the server was set up. */
const varying = new Map<string, WriteHead>();

/**
 * Adds names to `Vary` as late as can be, so that nobody who sets it afterwards takes them away again (S36): `setHeader` and
 * the headers of `writeHead` take the place of what was there. Costs what setting it at once costs.
 */
export function addVary(response: ServerResponse, names: string): void {
  if (response.headersSent) return;
  let writeHead = varying.get(names);
  if (writeHead === undefined) {
    writeHead = writeVarying(names, (self) => Object.getPrototypeOf(self).writeHead);
    varying.set(names, writeHead);
  }
  const own = Object.hasOwn(response, 'writeHead') ? (response.writeHead as WriteHead) : undefined;
  if (own === writeHead) return;
  // One function for all responses, where it can be: a closure for each costs more than all the rest of this.
  response.writeHead = (
    own === undefined ? writeHead : writeVarying(names, () => own)
  ) as ServerResponse['writeHead'];
}

/** Also called for a head that nobody writes: by the first `write`, or by `end`. */
function writeVarying(names: string, below: (response: ServerResponse) => WriteHead): WriteHead {
  return function (...args) {
    if (this.headersSent) return Reflect.apply(below(this), this, args);
    const rest = mayVary(args[headersAt(args)]) ? applyHead(this, args) : args;
    const given = this.getHeader('vary');
    this.setHeader('vary', given === undefined ? names : joinVary(String(given), names));
    return Reflect.apply(below(this), this, rest);
  };
}

function mayVary(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null) return false;
  if (Array.isArray(headers)) return true;
  for (const name in headers) if (name.length === 4 && name.toLowerCase() === 'vary') return true;
  return false;
}
