import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { launchChromium } from '../scripts/chromium.mjs';

export interface BrowserOptions {
  /** Handed to the function of the entry; must survive JSON. */
  readonly argument?: unknown;
  /** Answers what the page itself asks for (`/session` …). Default: 404. */
  readonly backend?: (request: IncomingMessage, response: ServerResponse) => void;
}

/**
 * Bundles an entry as an app would be (production, minified), opens it in Chromium and resolves to what its default export
 * resolves to: `export default async (argument) => result`.
 *
 * @param entry URL of the module: `new URL('page.ts', import.meta.url)`
 */
export async function inBrowser<Result>(entry: URL, options: BrowserOptions = {}): Promise<Result> {
  const script = await bundle(fileURLToPath(entry), options.argument);
  const backend = options.backend ?? notFound;
  const server = createServer((request, response) => {
    if (request.url === '/') serve(response, 'text/html', PAGE);
    else if (request.url === '/bench.js') serve(response, 'text/javascript', script);
    else backend(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    let done: (outcome: Outcome<Result>) => void = () => {};
    const outcome = new Promise<Outcome<Result>>((resolve, reject) => {
      done = resolve;
      page.on('pageerror', reject);
      page.on('crash', () => reject(new Error('The page crashed.')));
    });
    await page.exposeFunction('benchDone', done);
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const [, { error, result }] = await Promise.all([page.goto(`http://127.0.0.1:${port}/`), outcome]);
    if (error !== undefined) throw new Error(error);
    return result as Result;
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

interface Outcome<Result> {
  readonly result?: Result;
  readonly error?: string;
}

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="/bench.js"></script>';

async function bundle(entry: string, argument: unknown): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import run from ${JSON.stringify(entry)};
        Promise.resolve().then(() => run(${JSON.stringify(argument)})).then(
          (result) => benchDone({ result }),
          (error) => benchDone({ error: String(error?.stack ?? error) }),
        );`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

function serve(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, {
    'content-type': type,
    // Isolated pages have a clock of 5 µs, others one of 100 µs.
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  });
  response.end(body);
}

function notFound(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404).end();
}
