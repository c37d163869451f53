import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cacheFolder } from './paths.mjs';

/**
 * What a run of tests leaves behind for test.mjs to add up.
 * @typedef {{ passed: number, failed: number, skipped: number }} Result
 */

/** @param {string} part */
const fileOf = (part) => `${cacheFolder('results')}${part}.json`;

/** @param {string} part */
export function forgetResult(part) {
  rmSync(fileOf(part), { force: true });
}

/**
 * @param {string} part
 * @param {Result} result
 */
export function saveResult(part, result) {
  writeFileSync(fileOf(part), JSON.stringify(result));
}

/**
 * Undefined when the run died before it could say.
 * @param {string} part
 * @returns {Result | undefined}
 */
export function readResult(part) {
  return existsSync(fileOf(part)) ? JSON.parse(readFileSync(fileOf(part), 'utf8')) : undefined;
}
