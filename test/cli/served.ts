import crypto from 'node:crypto';
import { formatPasswordHash } from '../../src/server/passwords.js';
import type { Exit, Running } from './process.js';

export const password = 'correct horse battery staple';
const salt = Buffer.from('sixteen bytes ok');
export const hash = formatPasswordHash({
  ...{ ln: 10, r: 1, p: 1, salt },
  hash: crypto.scryptSync(password, salt, 32, { N: 1024, r: 1, p: 1 }),
});
export const users = { content: `ada:${hash}:{"name":"Ada"}\n` };
/** As random as one of a test may be: the same each time. */
export const secretText = crypto.createHash('sha256').update('of the tests').digest('hex');
export const secret = { content: `${secretText}\n` };
const json = { 'content-type': 'application/json' };

export async function signIn(url: string): Promise<Response> {
  const body = JSON.stringify({ username: 'ada', password });
  return fetch(`${url}/session`, { method: 'POST', headers: json, body });
}

export async function listening(server: Running): Promise<string> {
  return (await server.line(/^Listening on (http:\/\/\S+)\n/))[1] ?? '';
}

export async function stopped(server: Running): Promise<Exit> {
  server.process.kill('SIGTERM');
  return server.exit;
}
