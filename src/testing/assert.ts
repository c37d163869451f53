/** What a case throws when something is not as it should be. Any test runner can show it. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';

  constructor(
    message: string,
    readonly actual?: unknown,
    readonly expected?: unknown,
  ) {
    super(
      expected === undefined && actual === undefined
        ? message
        : `${message}\nexpected: ${shown(expected)}\nactual:   ${shown(actual)}`,
    );
  }
}

export function ok(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Equal as values: same primitives, same keys, same items. */
export function equal(actual: unknown, expected: unknown, message: string): void {
  if (!same(actual, expected)) throw new AssertionError(message, actual, expected);
}

/** The `code` of the error that this rejects with; `undefined` when it does not. */
export async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : String(error);
  }
}

function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && same(Reflect.get(one, key), Reflect.get(other, key)))
  );
}

const longest = 500;

function shown(value: unknown): string {
  const text =
    JSON.stringify(value, (_key, item) => (typeof item === 'number' ? String(item) : item)) ?? String(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
