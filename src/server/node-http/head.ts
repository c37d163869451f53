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
    if (own.has(key)) response.appendHeader(name, typeof value === 'number' ? String(value) : value);
    else response.setHeader(name, value);
    own.add(key);
  }
  return args.slice(0, at);
}

/** Adds names to `Vary` as late as can be, so that nobody who sets it afterwards takes them away again (S36). */
export function addVary(response: ServerResponse, names: string): void {
  if (response.headersSent) return;
  const writeHead = response.writeHead as (...args: HeadArguments) => ServerResponse;
  let added = false;
  // Also called for a head that nobody writes: by the first `write`, or by `end`.
  Object.assign(response, {
    writeHead(...args: HeadArguments): ServerResponse {
      if (added || response.headersSent) return Reflect.apply(writeHead, response, args);
      added = true;
      return Reflect.apply(writeHead, response, withVary(response, args, names));
    },
  });
}

function withVary(response: ServerResponse, args: HeadArguments, names: string): HeadArguments {
  const at = headersAt(args);
  const before = args.length > at ? args.slice(0, at) : [args[0], ...args.slice(1, at)];
  const headers = args[at];
  if (Array.isArray(headers)) {
    const given = pairsOf(headers).some(([name]) => name.toLowerCase() === 'vary');
    const value = given ? names : joinVary(textOf(response.getHeader('vary')), names);
    return [...before, [...headers, ...(Array.isArray(headers[0]) ? [['vary', value]] : ['vary', value])]];
  }
  const given = { ...(headers as { readonly [name: string]: OutgoingHttpHeader } | undefined) };
  let key = 'vary';
  for (const name in given) if (name.length === 4 && name.toLowerCase() === 'vary') key = name;
  given[key] = joinVary(textOf(given[key] ?? response.getHeader('vary')), names);
  return [...before, given];
}

const textOf = (value: OutgoingHttpHeader | undefined): string | undefined =>
  value === undefined ? undefined : String(value);
