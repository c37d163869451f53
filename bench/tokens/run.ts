/**
 * What it costs to verify a token, at first use and after that, beside jose and beside the least code that does it by hand.
 * `--quick` ends within 45 seconds. `--json`: rows for programs.
 */
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { jwtVerify } from 'jose';
import { createTokens, type TokenKey, type Tokens } from '../../src/server/core/tokens.js';
import { type Case, measure, type Row } from '../harness.js';
import { options, report } from '../report.js';
import { byHand } from './by-hand.js';

const chosen = options();
const secret = randomBytes(32).toString('base64url');
const names = { issuer: 'https://issuer.example', audience: 'https://app.example' };
const claims = { ...names, typ: 'at+jwt', requiredClaims: ['exp', 'iat', 'sid', 'jti'] };

/** More than are remembered: when a token comes again, it was forgotten long ago. */
const remembered = 500;
const many = 2000;

const create = (key: TokenKey, some = remembered): Tokens =>
  createTokens({ ...names, keys: [key], remembered: some });

async function issue(tokens: Tokens, count: number): Promise<Buffer[]> {
  const texts: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const id = randomBytes(32).toString('base64url');
    texts.push(Buffer.from(await tokens.issue({ id, uid: 'ada', expiresAt: Date.now() + 86_400_000 })));
  }
  return texts;
}

/** A token as a request brings it: a new text each time, of which nobody has computed a hash yet. */
function arriving(texts: readonly Buffer[]): () => string {
  let next = 0;
  return () => texts[next++ % texts.length]?.toString('latin1') ?? '';
}

async function secretCases(): Promise<Case[]> {
  const tokens = create({ alg: 'HS256', secret });
  const hand = byHand({ ...names, secret });
  const key = createSecretKey(Buffer.from(secret));
  const first = arriving(await issue(tokens, many));
  const again = arriving(await issue(tokens, 100));
  const jose = (token: string) => jwtVerify(token, key, { ...claims, algorithms: ['HS256'] });
  const known = create({ alg: 'HS256', secret });
  const forgetful = create({ alg: 'HS256', secret }, 0);
  return [
    {
      name: 'HS256, nothing remembered: verify',
      ours: () => forgetful.verify(first()),
      others: { 'by hand': () => hand(first()), jose: () => jose(first()) },
    },
    {
      name: 'HS256, first use, then remembered: verify',
      ours: () => tokens.verify(first()),
      others: { 'by hand': () => hand(first()), jose: () => jose(first()) },
    },
    {
      name: 'HS256, remembered: verify',
      ours: () => known.verify(again()),
      others: { 'by hand': () => hand(again()), jose: () => jose(again()) },
    },
    {
      name: 'HS256, remembered: recall',
      // After its warm-up nothing is left to verify.
      ours: () => known.recall(again()) ?? known.verify(again()),
      others: { 'by hand': () => hand(again()) },
    },
  ];
}

async function pairCases(alg: 'EdDSA' | 'ES256'): Promise<Case[]> {
  const { privateKey, publicKey } =
    alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tokens = create({ alg, privateKey });
  const known = create({ alg, privateKey });
  const first = arriving(await issue(tokens, many));
  const again = arriving(await issue(tokens, 100));
  const jose = (token: string) => jwtVerify(token, publicKey, { ...claims, algorithms: [alg] });
  return [
    {
      name: `${alg}, first use, then remembered: verify`,
      ours: () => tokens.verify(first()),
      others: { jose: () => jose(first()) },
    },
    {
      name: `${alg}, remembered: verify`,
      ours: () => known.verify(again()),
      others: { jose: () => jose(again()) },
    },
  ];
}

/** Case, other, least ratio; the rest informs. */
const goals: readonly (readonly [string, string, number])[] = [
  ['HS256, nothing remembered: verify', 'by hand', 0.95],
  ['HS256, remembered: verify', 'by hand', 1.4],
  ['EdDSA, remembered: verify', 'jose', 5],
];

function judge(rows: readonly Row[]): string {
  const lines = goals.flatMap(([name, other, least]) =>
    rows
      .filter((row) => row.case === name && row.otherName === other)
      .map(
        (row) =>
          `${row.ratio >= least ? 'reached' : 'MISSED '}  ${name}: ≥ ${least} × ${other} — ${row.ratio}`,
      ),
  );
  return ['goals', ...lines].join('\n');
}

async function run(): Promise<void> {
  const cases = [...(await secretCases()), ...(await pairCases('EdDSA')), ...(await pairCases('ES256'))];
  const rows = await measure('tokens', cases, chosen.effort);
  report(rows, chosen);
  if (!chosen.json) console.log(`\n${judge(rows)}`);
}

await run();
