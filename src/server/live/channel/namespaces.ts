import type { Change, Path } from '../../../protocol/change.js';
import { childOf, isJsonObject, valueAt } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';
import { isSame, isWithin } from '../../../protocol/transform.js';
import { invalidOption, shortText } from '../../core/options.js';

/** The JSON of an app that hangs somewhere in the document (SC-100). */
export interface Mount {
  /** Name of the app: 1 to 200 characters. */
  readonly app: string;
  /** Where clients see it, below its name: keys of objects from the root. Never the root. */
  readonly at: readonly string[];
  /**
   * The key of the document's root that holds it, for an app beside the one whose place `at` is: clients see it there only.
   * Default: it is at `at` itself.
   */
  readonly from?: string;
}

/**
 * The document as clients see it: where the JSON of an app hangs, it stands under the name of the app, the app's own first
 * and others beside it. The root has no name around it. On the server it is as if there were no names.
 */
export class Namespaces {
  /** Where an app's own JSON hangs. */
  readonly #own: readonly Mount[];
  readonly #beside: readonly (Mount & { readonly from: string })[];

  /** Throws `config/invalid` for a name or a place that cannot be, and for two apps of one name in one place. */
  constructor(mounts: readonly Mount[]) {
    for (const { app, at, from } of mounts) {
      shortText('mount.app', app, 200);
      if (at.length === 0) throw invalidOption('A mount must not be the root.');
      if (from !== undefined) shortText('mount.from', from, 200);
    }
    this.#own = mounts.filter(({ from }) => from === undefined);
    this.#beside = mounts.flatMap((mount) => {
      const { from } = mount;
      return from === undefined ? [] : [{ ...mount, from }];
    });
    const places = (list: readonly unknown[]) => new Set(list.map((item) => JSON.stringify(item))).size;
    if (
      places(mounts.map(({ app, at }) => [app, at])) < mounts.length ||
      places(this.#own.map(({ at }) => at)) < this.#own.length ||
      places(this.#beside.map(({ from }) => from)) < this.#beside.length ||
      this.#beside.some(({ at }) => this.#ownAt(at) === undefined)
    ) {
      throw invalidOption(
        'Each place must have one app of its own, and each app beside it another name and key.',
      );
    }
  }

  /** The value of a place of the document, as clients see it. */
  wrapped(path: Path, value: Json, root: Json): Json {
    if (!isJsonObject(value) || !this.#reaches(path)) return value;
    const members: { [key: string]: Json } = {};
    for (const [key, member] of Object.entries(value)) {
      const place = [...path, key];
      if (path.length === 0 && this.#beside.some(({ from }) => from === key)) continue;
      members[key] = this.#named(place, this.wrapped(place, member, root), root);
    }
    return members;
  }

  /** A change as clients see it; of the root, when they need the whole document; undefined when they do not see it. */
  outward(change: Change, root: Json | undefined): Change | undefined {
    const { op, path, value } = change;
    // What is beside an app comes and goes with it.
    if (this.#beside.some(({ at }) => isWithin(at, path))) return { op: 'replace', path: [], value: null };
    const beside = path.length > 0 ? this.#beside.find(({ from }) => from === path[0]) : undefined;
    if (beside !== undefined && valueAt(root, beside.at) === undefined) return undefined;
    const own = this.#ownAt(path);
    const place = own !== undefined && op !== 'replace' ? this.#containerOf(path) : this.#visible(path);
    if (value === undefined) return { op, path: place };
    const inner = this.wrapped(path, value, root ?? null);
    return { op, path: place, value: own !== undefined && op === 'add' ? { [own.app]: inner } : inner };
  }

  /** The place of the document that a client names; undefined when it names none, or a name is missing. */
  inward(parts: readonly string[]): readonly string[] | undefined {
    let path: string[] = [];
    for (let part = 0; part < parts.length; part += 1) {
      path.push(parts[part] ?? '');
      if (path.length === 1 && part === 0 && this.#beside.some(({ from }) => from === path[0]))
        return undefined;
      if (this.#ownAt(path) === undefined) continue;
      part += 1;
      const app = parts[part];
      if (this.#ownAt(path)?.app === app) continue;
      const beside = this.#beside.find(({ at, app: name }) => name === app && isSame(at, path));
      if (beside === undefined) return undefined;
      path = [beside.from];
    }
    return path;
  }

  /** Whether the JSON of an app hangs below a place, or there. */
  covers(path: readonly string[]): boolean {
    return [...this.#own, ...this.#beside].some(
      ({ at, from }) => isWithin(from === undefined ? at : [from], path) && at.length > 0,
    );
  }

  #named(place: Path, value: Json, root: Json): Json {
    const own = this.#ownAt(place);
    if (own === undefined) return value;
    const apps: { [app: string]: Json } = { [own.app]: value };
    for (const { app, at, from } of this.#beside) {
      const found = isSame(at, place) ? childOf(root, from) : undefined;
      if (found !== undefined) apps[app] = this.wrapped([from], found, root);
    }
    return apps;
  }

  /** The place of a value, as clients name it. */
  #visible(path: Path): Path {
    for (let length = path.length; length > 0; length -= 1) {
      const start = path.slice(0, length);
      const own = this.#ownAt(start);
      const beside = length === 1 ? this.#beside.find(({ from }) => from === start[0]) : undefined;
      const mount = own ?? beside;
      if (mount !== undefined) return [...this.#containerOf(mount.at), mount.app, ...path.slice(length)];
    }
    return path;
  }

  /** The place of the object that holds the names. */
  #containerOf(path: Path): Path {
    return [...this.#visible(path.slice(0, -1)), ...path.slice(-1)];
  }

  #ownAt(path: Path): Mount | undefined {
    return this.#own.find(({ at }) => isSame(at, path));
  }

  /** Whether there is anything to name, or to leave out, inside of a place. */
  #reaches(path: Path): boolean {
    return (path.length === 0 && this.#beside.length > 0) || this.#own.some(({ at }) => isWithin(at, path));
  }
}
