import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const headers = {
  'cache-control': 'no-cache',
  // No inline script or style, nothing from elsewhere: what could read the token from sessionStorage is kept out (XSS).
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

const folder = new URL('app/', import.meta.url);

/** Serves the app's files from memory; the script is bundled now, as an app's own build would do it. */
export async function appHandler(): Promise<RequestListener> {
  const file = (name: string) => readFile(new URL(name, folder));
  const { script, map } = await bundle();
  const files = new Map<string, { readonly type: string; readonly body: Buffer }>([
    ['/', { type: 'text/html; charset=utf-8', body: await file('index.html') }],
    ['/styles.css', { type: 'text/css; charset=utf-8', body: await file('styles.css') }],
    ['/favicon.svg', { type: 'image/svg+xml', body: await file('favicon.svg') }],
    ['/main.js', { type: 'text/javascript; charset=utf-8', body: script }],
    ['/main.js.map', { type: 'application/json', body: map }],
  ]);

  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://demo');
    const found = files.get(pathname);
    if (found === undefined) {
      response.writeHead(404, { ...headers, 'content-type': 'text/plain' }).end('There is nothing here.\n');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...headers, allow: 'GET, HEAD' }).end();
    } else {
      const { type, body } = found;
      response.writeHead(200, { ...headers, 'content-type': type, 'content-length': body.length });
      response.end(request.method === 'HEAD' ? undefined : body);
    }
  };
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('main.js', folder))],
    outdir: fileURLToPath(folder),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    sourcemap: 'linked',
    alias: { 'can-import-module': fileURLToPath(new URL('no-imports.cjs', folder)) },
    // In development builds CanJS itself needs `unsafe-eval`.
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    write: false,
    logLevel: 'warning',
  });
  const output = (end: string) =>
    Buffer.from(outputFiles.find(({ path }) => path.endsWith(end))?.contents ?? []);
  return { script: output('.js'), map: output('.js.map') };
}
