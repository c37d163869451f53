import { isJsonObject, isList } from './json.js';
import type { Json } from './messages.js';

/** Whether two JSON values say the same; the order of keys says nothing. */
export function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  const open = [one, other];
  while (open.length > 0) {
    const b = open.pop();
    const a = open.pop();
    if (a === b) continue;
    if (isList(a) && isList(b)) {
      if (a.length !== b.length) return false;
      for (let index = 0; index < a.length; index += 1) open.push(a[index], b[index]);
    } else if (isJsonObject(a) && isJsonObject(b)) {
      const keys = Object.keys(a);
      if (keys.length !== Object.keys(b).length) return false;
      for (const key of keys) {
        if (!Object.hasOwn(b, key)) return false;
        open.push(a[key], b[key]);
      }
    } else return false;
  }
  return true;
}
