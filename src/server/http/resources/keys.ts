import type { Tokens } from '../../core/tokens.js';
import type { PublicResource } from '../resource.js';

/** Seconds for which anybody may keep the keys. A new key is to be here for as long before it signs (S58). */
const keptFor = 600;

/** `/.well-known/jwks.json`: for every page and every server, and so never with credentials (S47). */
export function keysResource({ jwks }: Pick<Tokens, 'jwks'>): PublicResource {
  const answer = {
    status: 200,
    headers: {
      'content-type': 'application/jwk-set+json',
      'cache-control': `public, max-age=${keptFor}`,
      'access-control-allow-origin': '*',
    },
    body: JSON.stringify(jwks()),
  };
  return new Map([['GET', async () => answer]]);
}
