import { createAuthentication } from './http/authentication.js';
import { createFreshness } from './http/freshness.js';
import type { PublicResource, Resource } from './http/resource.js';
import { dataResource } from './http/resources/data.js';
import { healthResource } from './http/resources/health.js';
import { keysResource } from './http/resources/keys.js';
import { liveResource } from './http/resources/live.js';
import { sessionResource } from './http/resources/session.js';
import { sessionsResources } from './http/resources/sessions.js';
import { createRoutes, type Routes } from './http/routes.js';
import type { Settings } from './session-server-options.js';

/** What stands at one of our URLs: something for whoever asks, or something that is the same for everybody. */
export type Mounted<Data> =
  | { readonly personal: Resource<Data>; readonly shared?: undefined }
  | { readonly shared: PublicResource; readonly personal?: undefined };

/** Which of our URLs there are, and what stands there. Throws `config/invalid` when two of them are the same. */
export function mountedResources<Data>(settings: Settings<Data>): Routes<Mounted<Data>> {
  const { sessions, tokens, url, signInBy, dataAccess, listUrl, healthUrl, live } = settings;
  const authentication = createAuthentication(settings);
  const all: [string, Mounted<Data>][] = [
    [url, { personal: sessionResource({ ...settings, authentication, tellToken: signInBy === 'token' }) }],
  ];
  if (dataAccess !== 'none') {
    const writable = dataAccess === 'read-write';
    all.push([`${url}/data`, { personal: dataResource({ ...settings, writable }) }]);
  }
  if (listUrl !== undefined) {
    const { many, one } = sessionsResources({ ...settings, freshUser: createFreshness(settings) });
    all.push([listUrl, { personal: many }], [`${listUrl}/:id`, { personal: one }]);
  }
  if (tokens !== undefined && tokens.jwks().keys.length > 0) {
    all.push(['/.well-known/jwks.json', { shared: keysResource(tokens) }]);
  }
  if (live !== undefined) {
    const { followers, prefix } = live;
    all.push([`${prefix}*`, { personal: liveResource({ ...settings, followers, idOf: sessions.idOf }) }]);
  }
  if (healthUrl !== undefined)
    all.push([healthUrl, { shared: healthResource({ sessions, onFailure: settings.onError }) }]);
  return createRoutes(all);
}
