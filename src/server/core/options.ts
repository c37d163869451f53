import { SessionError } from '../../protocol/errors.js';

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
