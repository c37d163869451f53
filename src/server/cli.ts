#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { printPasswordHash } from './cli/hash-password.js';
import { Refusal } from './cli/refusal.js';
import { serve } from './cli/serve.js';

const help = `can-connect-session serve --users FILE [options]
  Runs the session server until SIGTERM or SIGINT.

  --users FILE        users, one a line, as hash-password prints them
  --port NUMBER       3000; 0 = a free one
  --host HOST         127.0.0.1
  --behind-tls        allows another host: says that a proxy in front encrypts
  --live              lets browsers follow what their sessions keep
  --secret-file FILE  at least 32 random bytes that sign the tokens, readable by you alone;
                      may be repeated: the first signs, all verify. Without it one is generated
  --issuer TEXT       claim iss of the tokens; can-connect-session
  --audience TEXT     claim aud of the tokens; can-connect-session
  --origin ORIGIN     pages of this origin may call, such as https://app.example; may be repeated
  --store STORE       where sessions rest: memory, until the process ends, or sqlite:FILE or the path of
                      a file, which is made if it is missing; sqlite:./sessions.sqlite. A file needs
                      the package libsql beside this one, or Node 22.13 or newer

can-connect-session hash-password [NAME]
  Reads a password from standard input and prints its hash, with NAME as a line for --users.

can-connect-session --help | --version

Exit code 2 = the configuration is unsafe or impossible, and why is on standard error.`;

async function version(): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}

async function run([command, ...args]: readonly string[]): Promise<void> {
  if (command === '--version') console.log(await version());
  else if (command === '--help' || args.includes('--help')) console.log(help);
  else if (command === 'serve') await serve(args);
  else if (command === 'hash-password') await printPasswordHash(args);
  else throw new Refusal('The command must be serve or hash-password; see can-connect-session --help.');
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
