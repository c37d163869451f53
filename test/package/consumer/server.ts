// The same for the Node half, in a project that knows no DOM.
import * as server from 'can-connect-session/server';
import * as fetch from 'can-connect-session/server/fetch';
import * as node from 'can-connect-session/server/node';
import * as sqlite from 'can-connect-session/server/sqlite';

export { fetch, node, server, sqlite };
