import QUnit from 'qunit';
import { anyEdit, dollarNames } from '../../../../src/server/live/channel/policy.js';
import { readSessionOptions, SessionOptions } from '../../../../src/server/live/session-options.js';
import { codeOf } from '../../fixture.js';

const { module, test } = QUnit;

module('server/live/policy', () => {
  test('lets clients put primitives in the place of primitives whose name ends in $ (SC-90)', (assert) => {
    for (const value of ['x', 1, true]) {
      assert.true(dollarNames({ op: 'replace', path: ['a', 0, 'name$'], value, old: 'y' }));
    }
    assert.true(
      dollarNames({ op: 'replace', path: ['tags$', 2], value: 'x', old: 'y' }),
      'an item goes by its list',
    );
  });

  test('lets them do nothing else (SC-90)', (assert) => {
    const path = ['name$'];
    assert.false(dollarNames({ op: 'replace', path: ['name'], value: 'x', old: 'y' }), 'another name');
    assert.false(
      dollarNames({ op: 'replace', path: ['obj$', 'name'], value: 'x', old: 'y' }),
      'the name of a parent',
    );
    assert.false(dollarNames({ op: 'replace', path: ['list', 0], value: 'x', old: 'y' }), 'a list without $');
    assert.false(dollarNames({ op: 'replace', path, value: {}, old: 'y' }), 'an object comes');
    assert.false(dollarNames({ op: 'replace', path, value: 'x', old: [] }), 'a list goes');
    assert.false(dollarNames({ op: 'add', path, value: 'x', old: 'y' }), 'add');
    assert.false(dollarNames({ op: 'remove', path, old: 'y' }), 'remove');
  });

  test('has a rule that allows everything (X-23)', (assert) => {
    assert.true(anyEdit({ op: 'remove', path: ['a'], old: {} }));
  });

  test('reads the bits of session options (SC-18)', (assert) => {
    assert.deepEqual(readSessionOptions(SessionOptions.Default), {
      versioning: false,
      strict: false,
      namespaces: false,
    });
    assert.deepEqual(readSessionOptions(1 | 2 | 4 | 16), {
      versioning: true,
      strict: true,
      namespaces: true,
    });
    assert.deepEqual(readSessionOptions(SessionOptions.IncludeSchema), readSessionOptions(0));
    assert.deepEqual(
      [SessionOptions.PatchVersioning, SessionOptions.StrictPatchRejection, SessionOptions.IncludeNamespaces],
      [2, 4, 16],
    );
  });

  test('refuses bits that are none', async (assert) => {
    for (const bits of [8, 32, -1, 1.5, Number.NaN, 2 ** 32 + 2]) {
      assert.equal(await codeOf(() => readSessionOptions(bits)), 'config/invalid', String(bits));
    }
  });
});
