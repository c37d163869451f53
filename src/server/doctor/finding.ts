import { SessionError } from '../../protocol/errors.js';

/** What can be wrong with a configuration. More may come. */
export type FindingCode =
  | 'invalid-option'
  | 'cookie-prefix'
  | 'same-site-none'
  | 'insecure-cookie'
  | 'readable-cookie'
  | 'shared-cookie'
  | 'insecure-origin'
  | 'proxy-missing'
  | 'proxy-unbelieved'
  | 'proxy-too-many'
  | 'proxy-silent'
  | 'short-secret'
  | 'weak-secret'
  | 'endless-session'
  | 'memory-store'
  | 'shared-store'
  | 'store-unavailable'
  | 'clock-skew';

/** One misconfiguration. */
export interface Finding {
  readonly code: FindingCode;
  /** `error` = it does not work, or protects nobody. `warning` = it may be meant so. */
  readonly severity: 'error' | 'warning';
  /** What is wrong, and what to do. Shows no value of an option. */
  readonly sentence: string;
}

export function wrong(code: FindingCode, sentence: string): Finding {
  return { code, severity: 'error', sentence };
}

export function doubtful(code: FindingCode, sentence: string): Finding {
  return { code, severity: 'warning', sentence };
}

export function unreadable(what: string): Finding {
  return wrong('invalid-option', `The options of ${what} cannot be read.`);
}

/** What a constructor says against its options. */
export function refusalOf(construct: () => unknown, what: string): readonly Finding[] {
  try {
    construct();
    return [];
  } catch (error) {
    // What is no sentence of ours may quote a value.
    return [error instanceof SessionError ? wrong('invalid-option', error.message) : unreadable(what)];
  }
}
