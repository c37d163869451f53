import { SessionError } from '../../protocol/errors.js';

/** The last instant that a Date can hold. */
export const endOfTime = 8.64e15;

/** An option has a value it cannot have. The sentence names the option and never shows the value. */
export function invalidOption(sentence: string): SessionError {
  return new SessionError('config/invalid', { message: sentence });
}

/** The value, if it is a whole number from `least` to `most` (both included). Throws `config/invalid` otherwise. */
export function wholeNumber(
  option: string,
  value: number,
  least: number,
  most: number,
  unit: string,
): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidOption(`The option ${option} must be a whole number of ${unit} from ${least} to ${most}.`);
}

/** The value, if it is a text of 1 to `most` characters. Throws `config/invalid` otherwise. */
export function shortText(option: string, value: string, most: number): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= most) return value;
  throw invalidOption(`The option ${option} must be a text of 1 to ${most} characters.`);
}

/** The value, if it is one of a few words. Throws `config/invalid` otherwise. */
export function oneOf<Word extends string>(option: string, value: Word, words: readonly Word[]): Word {
  if (words.includes(value)) return value;
  throw invalidOption(`The option ${option} must be one of ${words.join(', ')}.`);
}

/** The value, if it is true or false. Throws `config/invalid` otherwise. */
export function yesOrNo(option: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw invalidOption(`The option ${option} must be true or false.`);
}

/** The value, if it can be called or is missing. Throws `config/invalid` otherwise. */
export function callable<T>(option: string, value: T): T {
  if (value === undefined || typeof value === 'function') return value;
  throw invalidOption(`The option ${option} must be a function.`);
}

/** The same listener, whose own failures stay its own. */
export function harmless(listener: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    try {
      listener(error);
    } catch {
      // Whoever listens badly must not harm what it hears of.
    }
  };
}
