// Unpacks @sparticuz/chromium into TMPDIR. Started by chromium.mjs.
import chromium from '@sparticuz/chromium';

await chromium.executablePath();
