import { parseArgs } from 'node:util';
import { Refusal } from './refusal.js';

/** What follows a command on the command line. */
export interface Arguments {
  /** Each option's values, in the order given. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
}

/**
 * Reads `--name value` and `--name=value`. `flags` take no value, `repeatable` may stand more than once. Throws a `Refusal`
 * that names the option and never shows a value: someone may have typed a secret there.
 */
export function parseArguments(
  args: readonly string[],
  known: {
    readonly options: readonly string[];
    readonly repeatable?: readonly string[];
    readonly flags?: readonly string[];
    readonly mostPositionals?: number;
  },
): Arguments {
  const { options, repeatable = [], flags = [], mostPositionals = 0 } = known;
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries([
      ...[...options, ...repeatable].map((name) => [name, { type: 'string' as const }]),
      ...flags.map((name) => [name, { type: 'boolean' as const }]),
    ]),
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const isFlag = flags.includes(name);
    if (!isFlag && !options.includes(name) && !repeatable.includes(name)) throw unknown(name, rawName);
    if (isFlag && value !== undefined) throw new Refusal(`The option ${rawName} takes no value.`);
    // `--users --port 1` has forgotten the value of the first, not named a file `--port`.
    if (!isFlag && (value === undefined || value === '' || (value.startsWith('--') && !token.inlineValue))) {
      throw new Refusal(`The option ${rawName} needs a value.`);
    }
    const earlier = values.get(name) ?? [];
    if (earlier.length > 0 && !repeatable.includes(name)) {
      throw new Refusal(`The option ${rawName} stands more than once.`);
    }
    values.set(name, [...earlier, value ?? '']);
  }
  if (positionals.length > mostPositionals) {
    throw new Refusal('There is an argument too many; see can-connect-session --help.');
  }
  return { values, positionals };
}

function unknown(name: string, rawName: string): Refusal {
  if (/secret|password|key|token/i.test(name)) {
    return new Refusal(
      'Secrets are not options, since every process of the machine can read them: name a file with --secret-file.',
    );
  }
  const shown = /^-{1,2}[a-z-]{1,30}$/i.test(rawName) ? ` ${rawName}` : '';
  return new Refusal(`The option${shown} is unknown; see can-connect-session --help.`);
}
