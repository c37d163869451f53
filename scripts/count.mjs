// `node --import ./scripts/count.mjs …` counts what this process runs of src, and so does every Node that it starts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { coverage } from './paths.mjs';

register('./count-hooks.mjs', import.meta.url);

const flag = `--import=${import.meta.url}`;
const options = process.env.NODE_OPTIONS ?? '';
if (!options.includes(flag)) process.env.NODE_OPTIONS = `${options} ${flag}`.trim();

process.on('exit', () => {
  // The name that istanbul gives its counters.
  const counters = /** @type {{ __coverage__?: object }} */ (globalThis).__coverage__;
  if (counters === undefined) return;
  mkdirSync(`${coverage}node`, { recursive: true });
  writeFileSync(`${coverage}node/${process.pid}.json`, JSON.stringify(counters));
});
