import { createSecretKey, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { dataOf, isSignIn, readJson, sendJson } from '../content.js';
import type { Stack, Stacks } from '../stack.js';

const issuer = 'https://bench.example';
const audience = 'bench';

async function keysFor(alg: 'HS256' | 'EdDSA') {
  if (alg === 'EdDSA') return generateKeyPair('EdDSA');
  const key = createSecretKey(randomBytes(32));
  return { privateKey: key, publicKey: key };
}

/** Bearer tokens by hand: the data is in the token, each request verifies it, and no session is looked up. */
async function joseStack(alg: 'HS256' | 'EdDSA'): Promise<Stack> {
  const { privateKey, publicKey } = await keysFor(alg);
  const expected = { algorithms: [alg], issuer, audience, requiredClaims: ['exp', 'iat'] };

  const sign = (user: string): Promise<string> =>
    new SignJWT({ data: dataOf(user) })
      .setProtectedHeader({ alg, typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(user)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);

  const server = createServer(async (request, response) => {
    if (isSignIn(request)) {
      readJson(request, async ({ user }) => sendJson(response, { token: await sign(user), user }));
      return;
    }
    const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
    try {
      const { payload } = await jwtVerify(token, publicKey, expected);
      sendJson(response, payload.data);
    } catch {
      response.writeHead(401).end();
    }
  });
  return { server, dialect: { carrier: 'bearer' } };
}

export const stacks: Stacks = {
  'jose HS256': () => joseStack('HS256'),
  'jose EdDSA': () => joseStack('EdDSA'),
};
