import { createHash } from 'node:crypto';
import QUnit from 'qunit';
import { digestIds } from '../../../src/server/core/ids.js';

QUnit.module('server/core/ids', () => {
  const ids = digestIds();

  QUnit.test('S1 issues 256 bits that never repeat and use every bit', (assert) => {
    const wires = new Set<string>();
    const ones = new Array<number>(256).fill(0);
    for (let i = 0; i < 2000; i += 1) {
      const { wire } = ids.issue(0);
      wires.add(wire);
      const bytes = Buffer.from(wire, 'base64url');
      for (let bit = 0; bit < 256; bit += 1) {
        ones[bit] = (ones[bit] ?? 0) + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1);
      }
    }
    assert.equal(wires.size, 2000);
    // Seven standard deviations of a fair coin: one false alarm in many millions of runs.
    assert.true(ones.every((count) => Math.abs(count - 1000) < 157));
  });

  QUnit.test('S7 makes the id a digest of what travels', (assert) => {
    const { wire, id } = ids.issue(0);
    assert.equal(id, createHash('sha256').update(wire).digest('base64url'));
    assert.notEqual(id, wire);
  });

  QUnit.test('reads the id from the wire form it issued', (assert) => {
    const { wire, id } = ids.issue(0);
    assert.equal(ids.read(wire), id);
    assert.notEqual(ids.read(id), id, 'an id is no wire form of itself');
  });

  QUnit.test('S6, S53 refuses every other form', (assert) => {
    const { wire } = ids.issue(0);
    const body = wire.slice(0, 42);
    const hostile = [
      '',
      '../../etc/passwd',
      '__proto__',
      `${wire}=`,
      `${wire}\n`,
      ` ${wire}`,
      `${wire}A`,
      body,
      `${body}B`,
      `${body.slice(0, 41)}\0A`,
      `${body.slice(0, 41)}éA`,
      `${body.slice(0, 41)}+A`,
      'A'.repeat(10_000),
    ];
    for (const text of hostile) assert.equal(ids.read(text), undefined, JSON.stringify(text.slice(0, 50)));
    for (const value of [undefined, null, 7, {}, [wire]]) assert.equal(ids.read(value as string), undefined);
  });
});
