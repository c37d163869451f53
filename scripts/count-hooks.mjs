// Module hooks of Node that count what runs: see count.mjs.
import { fileURLToPath } from 'node:url';
import { instrument, isCounted } from './instrument.mjs';

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:')) return nextLoad(url, context);
  const path = fileURLToPath(url.split('?')[0] ?? url);
  if (!isCounted(path)) return nextLoad(url, context);
  const { code } = await instrument(path);
  return { format: 'module', source: code, shortCircuit: true };
}
