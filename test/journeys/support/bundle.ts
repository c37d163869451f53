import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A module as an app would bundle it; `can-connect-session` in it is what the package's exports say. */
export async function bundle(
  contents: string,
  folder: URL,
  mode: 'development' | 'production',
): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(folder) },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': JSON.stringify(mode), global: 'globalThis' },
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
