import { existsSync } from 'node:fs';
import { join } from 'node:path';
import QUnit from 'qunit';
import { ensureBuilt, inPlainNode, manifest, root } from '../support/repository.js';

/**
 * Every name that can be imported at run time, by subpath. A name that appears or disappears here is a change of the public
 * API: it belongs into CHANGELOG.md. (Types are held by the consumer in pack.test.ts.)
 */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  '.': ['SessionError', 'connectSession', 'default'],
  './live': ['live'],
  './server': [
    'DocumentTypeError',
    'SessionConflict',
    'SessionError',
    'SessionExpired',
    'SessionNotFound',
    'SessionOptions',
    'accessedAt',
    'anyEdit',
    'anyType',
    'authenticateWith',
    'bearerCarrier',
    'cookieCarrier',
    'createDocument',
    'createExclusive',
    'createLiveSessions',
    'createSessionServer',
    'createSessions',
    'createTokens',
    'defaultCost',
    'diagnose',
    'digestIds',
    'dollarNames',
    'expiryOf',
    'expiryReason',
    'foxx',
    'foxxApi',
    'foxxIds',
    'foxxServer',
    'handleOf',
    'hashPassword',
    'headerCarrier',
    'isExpired',
    'jsonLines',
    'lenient',
    'memoryStore',
    'newSessionId',
    'parsePasswordHash',
    'parseUsers',
    'problems',
    'refererCarrier',
    'signedIds',
    'socketCarrier',
    'starcounter',
    'starcounterIds',
    'starcounterLive',
    'starcounterServer',
    'uriCarrier',
    'verifyPassword',
    'verifySessionId',
    'vweb',
    'vwebServer',
  ],
  './server/express': ['expressProblems', 'expressSession', 'sessionOf'],
  './server/express-session': ['fromExpressStore', 'toExpressStore'],
  './server/fastify': ['fastifyProblems', 'fastifySession'],
  './server/fetch': ['fetchHandler', 'fetchSession', 'honoSession'],
  './server/node': ['nodeHandler'],
  './server/simple': ['simpleStore'],
  './server/sockets': ['sessionSockets'],
  './testing/endpoint': ['AssertionError', 'controlledStore', 'endpointConformance', 'hostConformance'],
  './testing/store': ['AssertionError', 'storeConformance'],
  './server/sqlite': ['sqliteStore'],
};

/** What a plain Node process gets from an import. */
function namesOf(specifier: string): readonly string[] {
  const script = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(specifier)})).sort()))`;
  return inPlainNode(script) as readonly string[];
}

const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json');

QUnit.module('package › exports', (hooks) => {
  hooks.before(() => ensureBuilt());

  for (const subpath of subpaths) {
    const specifier = manifest.name + subpath.slice(1);

    QUnit.test(`${subpath} has the files it promises`, (assert) => {
      const target = manifest.exports[subpath] ?? {};
      const files = typeof target === 'string' ? [target] : Object.values(target);
      assert.true(files.length > 0);
      for (const file of files) assert.true(existsSync(join(root, file)), file);
    });

    QUnit.test(`${subpath} loads in plain Node`, (assert) => {
      const names = namesOf(specifier);
      const expected = NAMES[subpath];
      assert.true(names.length > 0, names.join(', '));
      if (expected) assert.deepEqual(names, expected);
    });
  }

  QUnit.test('lists no subpath that is gone', (assert) => {
    assert.deepEqual(
      Object.keys(NAMES).filter((subpath) => !subpaths.includes(subpath)),
      [],
    );
  });
});
