import canReflect from 'can-reflect';
import type { SessionClaims } from '../core/token.js';

/** A CanJS observable type, DefineMap or ObservableObject, of which little needs to be known. */
export type ObservableType = {
  new (props?: object): object;
  prototype: Record<string, unknown>;
};

/** Where DefineMap and ObservableObject alike keep what was assigned; getters and defaults are not in it. */
type Stored = { _data: Record<string, unknown>; [key: string]: unknown };

/**
 * Makes an instance hold these claims and nothing else that was assigned to it: what a sign-in form put there is gone
 * afterwards, the password above all.
 *
 * Claims that the type does not declare are declared now, since a DefineMap is sealed. Those stay out that would hide a
 * method (a claim named `save`), a prototype or what CanJS keeps for itself, or that the type refuses.
 *
 * @param kept - properties that are left as they are
 */
export function hydrate(instance: object, claims: SessionClaims, kept: ReadonlySet<string>): void {
  const stored = instance as Stored;
  for (const key of Object.keys(stored._data)) {
    if (!(key in claims || kept.has(key))) wipe(instance, key);
  }
  for (const key of Object.keys(claims)) {
    const present = stored[key];
    if (
      kept.has(key) ||
      typeof present === 'function' ||
      (key.startsWith('_') && typeof present === 'object')
    )
      continue;
    if (!(key in instance)) {
      canReflect.defineInstanceKey(instance.constructor, key, {
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    try {
      canReflect.setKeyValue(instance, key, claims[key]);
    } catch (error) {
      if (process.env.NODE_ENV !== 'production')
        console.warn(`The claim ${key} does not fit the model: ${error}`);
    }
  }
}

/** Empties a property. A strict type refuses `undefined` and then takes the empty text, or loses the value unasked. */
export function wipe(instance: object, key: string): void {
  for (const empty of [undefined, '']) {
    try {
      canReflect.setKeyValue(instance, key, empty);
      return;
    } catch {}
  }
  delete (instance as Stored)._data[key];
}
