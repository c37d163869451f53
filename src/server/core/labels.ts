import type { Labels } from './store.js';

const mostLabels = 8;
const longestName = 32;
const longestLabel = 256;

/** Throws a TypeError unless these are up to eight texts of at most 256 characters, with names of 1 to 32. */
export function checkedLabels(labels: Labels): Labels {
  const entries = typeof labels === 'object' && labels !== null ? Object.entries(labels) : undefined;
  if (entries === undefined || entries.length > mostLabels || !entries.every(isLabel)) {
    throw new TypeError(
      `Labels must be up to ${mostLabels} texts of at most ${longestLabel} characters, with names of 1 to ${longestName}.`,
    );
  }
  return labels;
}

function isLabel([name, value]: readonly [string, unknown]): boolean {
  return (
    name.length > 0 && name.length <= longestName && typeof value === 'string' && value.length <= longestLabel
  );
}
