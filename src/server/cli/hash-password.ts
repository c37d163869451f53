import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { hashPassword } from '../passwords.js';
import { parseUsers } from '../users.js';
import { parseArguments } from './arguments.js';
import { Refusal } from './refusal.js';

const longestPassword = 1024;

/** `can-connect-session hash-password [NAME]`: prints the line of a users file, or only the hash. */
export async function printPasswordHash(args: readonly string[]): Promise<void> {
  const { positionals } = parseArguments(args, { options: [], mostPositionals: 1 });
  const [name] = positionals;
  const password = process.stdin.isTTY ? await askPassword() : await pipedPassword();
  if (password === '') throw new Refusal('The password on standard input is empty.');
  if (password.length > longestPassword) {
    throw new Refusal(`The password is longer than ${longestPassword} characters.`);
  }
  const hash = await hashPassword(password);
  if (name === undefined) console.log(hash);
  else console.log(userLine(name, hash));
}

function userLine(name: string, hash: string): string {
  const line = `${name}:${hash}`;
  try {
    if (parseUsers(line).has(name.normalize())) return line;
  } catch {
    // Said below, in the words of the name.
  }
  throw new Refusal(
    'A user name has 1 to 256 characters, none of them a colon or a control, and no # in front.',
  );
}

async function pipedPassword(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    size += chunk.length;
    if (size > 8 * longestPassword) break;
    chunks.push(chunk);
  }
  const password = Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '');
  if (/[\r\n]/.test(password)) throw new Refusal('Standard input must hold one password on one line.');
  return password;
}

/** Typed unseen: what readline would echo goes nowhere. */
function askPassword(): Promise<string> {
  process.stderr.write('Password: ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  return new Promise((resolve) => {
    let typed = '';
    line.once('line', (text) => {
      typed = text;
      line.close();
    });
    line.once('SIGINT', () => line.close());
    line.once('close', () => {
      process.stderr.write('\n');
      resolve(typed);
    });
  });
}
