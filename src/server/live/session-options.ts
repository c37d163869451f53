import { invalidOption } from '../core/options.js';

/** The options of a Starcounter session, as bits (SC-18). */
export const SessionOptions = Object.freeze({
  /** None of them. */
  Default: 0,
  /** Does nothing, as in the source. */
  IncludeSchema: 1,
  /** Patches are numbered on both sides, and places transformed (SC-95 to SC-99). */
  PatchVersioning: 2,
  /** A value of a wrong type, or a place that is gone, refuses the whole patch (SC-91). */
  StrictPatchRejection: 4,
  /** The JSON of each app stands under the name of the app (SC-100). */
  IncludeNamespaces: 16,
});

export interface LiveFlags {
  readonly versioning: boolean;
  readonly strict: boolean;
  readonly namespaces: boolean;
}

/** What the bits of session options mean. Throws `config/invalid` for others. */
export function readSessionOptions(bits: number): LiveFlags {
  const known = Object.values(SessionOptions).reduce((all: number, bit: number) => all | bit, 0);
  if (!Number.isInteger(bits) || bits < 0 || bits > known || (bits & ~known) !== 0) {
    throw invalidOption('The session options must be a sum of the numbers in SessionOptions.');
  }
  const has = (bit: number) => (bits & bit) !== 0;
  return {
    versioning: has(SessionOptions.PatchVersioning),
    strict: has(SessionOptions.StrictPatchRejection),
    namespaces: has(SessionOptions.IncludeNamespaces),
  };
}
