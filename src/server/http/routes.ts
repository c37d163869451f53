import { invalidOption } from '../core/options.js';
import { pathOf } from './exchange.js';

/** What a URL leads to. */
export interface Route<Resource> {
  readonly resource: Resource;
  /** What stands in the place of `:id`, decoded, or of `*`, as it came; empty where the pattern has neither. */
  readonly name: string;
}

/** Which URLs lead where. */
export interface Routes<Resource> {
  /** `undefined` = nowhere. A query may follow the path. */
  find(url: string): Route<Resource> | undefined;
}

const named = '/:id';
const open = '/*';

/**
 * Patterns are paths, such as `/sessions`, or end with one name, `/sessions/:id`, or lead to all below them, `/sessions/*`. A path
 * goes before a name, and that before all below. Throws `config/invalid` when two patterns are the same.
 */
export function createRoutes<Resource>(
  patterns: Iterable<readonly [pattern: string, resource: Resource]>,
): Routes<Resource> {
  const exact = new Map<string, Route<Resource>>();
  /** By what stands before the name, with the slash. */
  const withName = new Map<string, Resource>();
  /** By what stands before the star, with the slash. */
  const below = new Map<string, Resource>();
  for (const [pattern, resource] of patterns) {
    const isOpen = pattern.endsWith(open);
    const isNamed = pattern.endsWith(named);
    const key = isOpen ? pattern.slice(0, -1) : isNamed ? pattern.slice(0, -named.length + 1) : pattern;
    if ((isOpen ? below : isNamed ? withName : exact).has(key)) {
      throw invalidOption('Two of the options that are paths lead to the same place.');
    }
    if (isOpen) below.set(key, resource);
    else if (isNamed) withName.set(key, resource);
    else exact.set(key, { resource, name: '' });
  }

  function findBelow(path: string): Route<Resource> | undefined {
    for (const [start, resource] of below) {
      if (path.length > start.length && path.startsWith(start))
        return { resource, name: path.slice(start.length) };
    }
    return undefined;
  }

  return {
    find(url) {
      const path = pathOf(url);
      const found = exact.get(path);
      if (found !== undefined) return found;
      const end = path.lastIndexOf('/') + 1;
      const resource = withName.get(path.slice(0, end));
      if (resource === undefined) return findBelow(path);
      const name = decoded(path.slice(end));
      return name === '' ? undefined : { resource, name };
    },
  };
}

/** Empty = it is no text at all. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}
