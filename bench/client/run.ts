import { inBrowser } from '../browser.js';
import type { Row } from '../harness.js';
import { options, report } from '../report.js';

const chosen = options();
report(await inBrowser<Row[]>(new URL('page.ts', import.meta.url), { argument: chosen.effort }), chosen);
