import { type CookieOptions, cookieCarrier } from '../http/carriers/cookie.js';
import { doubtful, type Finding, refusalOf, wrong } from './finding.js';
import { signingSecrets } from './secrets.js';

/** What is wrong with the session cookie. */
export function cookieFindings(options: CookieOptions, production: boolean): readonly Finding[] {
  const contradictions = contradictionsOf(options);
  return [
    ...contradictions,
    // It says the first thing only, and perhaps one of these.
    ...(contradictions.length > 0 ? [] : refusalOf(() => cookieCarrier(options), 'the cookie')),
    ...doubtsAbout(options, production),
    ...(Array.isArray(options.companion) ? signingSecrets(options.companion, 'the session cookie') : []),
  ];
}

function contradictionsOf({
  name = '',
  secure = true,
  httpOnly = true,
  sameSite,
  partitioned,
  path = '/',
  domain,
}: CookieOptions): readonly Finding[] {
  const found: Finding[] = [];
  const prefix = /^__(host-http|host|secure|http)-/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const tell = (sentence: string) => found.push(wrong('cookie-prefix', sentence));
  if (prefix !== '' && !secure) {
    tell('A name of the session cookie that begins with __Host-, __Secure- or __Http- needs secure: true.');
  }
  if (prefix.startsWith('host') && domain !== undefined) {
    tell('A session cookie named __Host-… can have no domain: leave the domain out, or name it __Secure-….');
  }
  if (prefix.startsWith('host') && path !== '/') {
    tell('A session cookie named __Host-… must have the path /: leave the path out, or name it __Secure-….');
  }
  if (prefix.endsWith('http') && !httpOnly) {
    tell('A name of the session cookie that says Http- needs httpOnly: true.');
  }
  if (sameSite === 'none' && !secure) {
    found.push(
      wrong(
        'same-site-none',
        "A session cookie with sameSite 'none' needs secure: true: browsers drop it otherwise.",
      ),
    );
  }
  if (partitioned === true && !secure) {
    found.push(
      wrong(
        'same-site-none',
        'A session cookie that is partitioned needs secure: true: browsers drop it otherwise.',
      ),
    );
  }
  return found;
}

function doubtsAbout({ secure, httpOnly, domain }: CookieOptions, production: boolean): readonly Finding[] {
  const found: Finding[] = [];
  if (secure === false && production) {
    found.push(
      wrong(
        'insecure-cookie',
        'The session cookie is not Secure: in production everybody on the way can read it; leave secure out.',
      ),
    );
  }
  if (httpOnly === false) {
    found.push(
      doubtful(
        'readable-cookie',
        'The session cookie is not HttpOnly: any script of the page can read it; leave httpOnly out.',
      ),
    );
  }
  if (domain !== undefined) {
    found.push(
      doubtful(
        'shared-cookie',
        'The session cookie has a domain: every host below it gets it and can set it; leave the domain out.',
      ),
    );
  }
  return found;
}
