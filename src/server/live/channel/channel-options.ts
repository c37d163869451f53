import { type PatchLimits, parsePatch } from '../../../protocol/patch.js';
import { callable, yesOrNo } from '../../core/options.js';
import type { EarlyPatchesLimits } from './early-patches.js';
import { type Convert, Inputs, lenient } from './input.js';
import { dollarNames, type EditPolicy } from './policy.js';

/** What clients may do, and what becomes of it. */
export interface EditRules {
  /** What clients may do. Default: `dollarNames` (SC-90). */
  readonly policy: EditPolicy;
  /** What becomes of a value in the place of another. Default: `lenient` (SC-92). */
  readonly convert: Convert;
  /** The input handlers of the document. Default: none. */
  readonly inputs: Inputs;
  /** Whether a wrong type, or a place that is gone, refuses the patch (SC-91). Default false: it is left out. */
  readonly strict: boolean;
  /** What one patch may cost. Defaults: those of PatchLimits. */
  readonly limits: PatchLimits;
  /** Hears what an input handler, or the document, threw. Default: nobody does. */
  readonly onError: (error: unknown) => void;
}

export interface ChannelOptions extends Partial<EditRules> {
  /** Patches that came before their turn. */
  readonly early?: EarlyPatchesLimits;
}

/** The rules with their defaults. Throws `config/invalid`. */
export function readRules({
  policy = dollarNames,
  convert = lenient,
  inputs = new Inputs(),
  strict = false,
  limits = {},
  onError = () => undefined,
}: ChannelOptions): EditRules {
  // So that a limit that cannot be is found now.
  parsePatch([], limits);
  return {
    policy: callable('policy', policy),
    convert: callable('convert', convert),
    inputs,
    strict: yesOrNo('strict', strict),
    limits,
    onError: callable('onError', onError),
  };
}
