import { isJsonObject } from './json.js';
import type { Json } from './messages.js';
import { charge, checkedLimits, type PatchLimits } from './patch-limits.js';

/** As for a JSON Patch. The size is the one of the patch itself: what it says is what it adds. */
export type MergeLimits = Omit<PatchLimits, 'operations'>;

/**
 * What a merge patch (RFC 7396) makes of a document: a member that is null goes away, an object is merged, anything else, a
 * list too, takes the place of what was there. The document, which may be frozen, is left as it is; the result shares with
 * it, and with the patch, whatever did not change, and is the document itself when nothing did. Throws `patch/malformed`
 * (400) when the patch is no JSON or has a key `__proto__` anywhere, and `patch/size` (413) beyond a limit. There are no
 * conflicts: whoever minds what was there asks with a version.
 */
export function mergePatch(document: Json, patch: unknown, limits: MergeLimits = {}): Json {
  const { depth, size } = checkedLimits(limits);
  charge(patch, depth, { bytes: size });
  return merged(document, patch);
}

function merged(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const before = isJsonObject(target) ? target : {};
  let after: { [key: string]: Json } | undefined;
  for (const [key, change] of Object.entries(patch)) {
    // Own members only: a patch may name a key `constructor`.
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    const value = change === null ? undefined : merged(old, change);
    if (value === old) continue;
    after ??= { ...before };
    if (value === undefined) delete after[key];
    else after[key] = value;
  }
  return after ?? before;
}
