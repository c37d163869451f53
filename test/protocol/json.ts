import fc from 'fast-check';
import type { Json } from '../../src/protocol/messages.js';

/** Few keys, so that two values often have some in common; among them the ones with a meaning elsewhere. */
const key = fc.constantFrom(
  'a',
  'b',
  '',
  '0',
  '1',
  '-',
  '~',
  '/',
  'a/b',
  'constructor',
  'prototype',
  'length',
);
const leaf = fc.constantFrom<Json>(null, true, false, 0, 1, -2.5, '', 'x', 'é', '💚');

/** JSON whose members a patch may all name. */
export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** Whatever JSON.parse may give, members called `__proto__` included. */
export const anyJson: fc.Arbitrary<Json> = fc.oneof(
  fc.json().map((text): Json => JSON.parse(text)),
  fc
    .tuple(json, json)
    .map(
      ([one, other]): Json => JSON.parse(`{"a":${JSON.stringify(one)},"__proto__":${JSON.stringify(other)}}`),
    ),
  json,
);
