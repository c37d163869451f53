import type { Path } from '../../../protocol/change.js';
import type { Json } from '../../../protocol/messages.js';
import { unescaped } from '../../../protocol/pointer.js';
import { callable, invalidOption } from '../../core/options.js';
import { isPrimitive } from './history.js';

/**
 * The value that a client's value becomes in the place of another; undefined when it has the wrong type (SC-91). It must
 * change nothing.
 */
export type Convert = (old: Json, value: Json) => Json | undefined;

/**
 * A text of digits becomes a number where a number was, the empty text 0, and `true` and `false` become booleans (SC-92). A
 * place that held null takes any value; a place that held a value takes no null. What is no primitive is left as it is.
 */
export const lenient: Convert = (old, value) => {
  if (!isPrimitive(old) || !isPrimitive(value) || old === null || typeof value === typeof old) return value;
  if (typeof value !== 'string') return undefined;
  const word = value.trim().toLowerCase();
  if (typeof old === 'boolean') return word === 'true' ? true : word === 'false' ? false : undefined;
  if (word === '') return 0;
  const number = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(word) ? Number(word) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
};

/** Takes every value as it came. */
export const anyType: Convert = (_old, value) => value;

/** A client's value on its way into the document (SC-93). */
export interface Input {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: Path;
  /** What is there now. */
  readonly old: Json | undefined;
  /** What will be there. Assign it to have another value set; the client gets it then. Undefined for remove. */
  value: Json | undefined;
  /** Nothing is set, and the client gets the old value back. Handlers that follow are not called. */
  cancel(): void;
}

/** Called before the value is set, without a wait: what it promises is not awaited. It may change the document. */
export type InputHandler = (input: Input) => void;

/** What the handlers made of an input. */
export interface InputVerdict {
  readonly isCancelled: boolean;
  readonly value: Json | undefined;
}

/** The handlers of one document, by place. */
export class Inputs {
  readonly #handlers: { readonly pattern: readonly string[]; readonly handler: InputHandler }[] = [];

  /**
   * Calls a handler for what clients do at a place, a JSON Pointer in which a part `*` is any key or index.
   * Handlers are called in the order in which they came. Gives the function that takes it away. Throws `config/invalid`.
   */
  on(pattern: string, handler: InputHandler): () => void {
    if (typeof pattern !== 'string' || !pattern.startsWith('/')) {
      throw invalidOption('The pattern of an input handler must be a JSON Pointer that starts with a slash.');
    }
    if (typeof callable('handler', handler) !== 'function')
      throw invalidOption('An input handler is missing.');
    const parts = pattern.slice(1).split('/');
    const entry = {
      pattern: parts.map(unescaped),
      handler,
    };
    this.#handlers.push(entry);
    return () => {
      const place = this.#handlers.indexOf(entry);
      if (place !== -1) this.#handlers.splice(place, 1);
    };
  }

  /**
   * Asks the handlers of a place. One that throws cancels the input (what it was about to check is not sure), and `onError`
   * hears of it.
   */
  run(
    { op, path, old, value }: Pick<Input, 'op' | 'path' | 'old' | 'value'>,
    onError: (error: unknown) => void,
  ): InputVerdict {
    let isCancelled = false;
    const input: Input = {
      op,
      path,
      old,
      value,
      cancel() {
        isCancelled = true;
      },
    };
    for (const { pattern, handler } of [...this.#handlers]) {
      if (!matches(pattern, path)) continue;
      try {
        handler(input);
      } catch (error) {
        isCancelled = true;
        onError(error);
      }
      if (isCancelled) break;
    }
    return { isCancelled, value: input.value };
  }
}

function matches(pattern: readonly string[], path: Path): boolean {
  return (
    pattern.length === path.length &&
    pattern.every((part, index) => part === '*' || part === String(path[index]))
  );
}
