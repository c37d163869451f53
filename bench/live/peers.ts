import { note } from '../report.js';

/** Packages that make patches. Whichever is not installed is left out, and the run says so. */
export interface Peers {
  /** By its file: the package also ships its source, which loaders of TypeScript find first. */
  readonly 'fast-json-patch/index.mjs'?: { compare(old: object, now: object): unknown[] };
  readonly rfc6902?: { createPatch(old: unknown, now: unknown): unknown[] };
  readonly immer?: {
    enablePatches(): void;
    produceWithPatches<T>(base: T, change: (draft: T) => void): readonly [T, unknown[], unknown[]];
  };
  readonly mutative?: {
    create<T>(
      base: T,
      change: (draft: T) => void,
      options: { enablePatches: true },
    ): readonly [T, ...unknown[]];
  };
  readonly jsondiffpatch?: {
    create(options: { objectHash(item: object): string }): { diff(old: unknown, now: unknown): unknown };
  };
  readonly 'jsondiffpatch/formatters/jsonpatch'?: { format(delta: unknown): unknown[] };
}

const names = [
  'fast-json-patch/index.mjs',
  'rfc6902',
  'immer',
  'mutative',
  'jsondiffpatch',
  'jsondiffpatch/formatters/jsonpatch',
] as const satisfies readonly (keyof Peers)[];

export async function loadPeers(): Promise<Peers> {
  const peers: { [name: string]: unknown } = {};
  for (const name of names) {
    try {
      const module: { readonly default?: object } = await import(name);
      peers[name] = { ...module.default, ...module };
    } catch {
      note(`${name} is not installed`);
    }
  }
  return peers;
}
