// The same for the Node half, in a project that knows no DOM.
import * as server from 'can-connect-session/server';
import * as fetch from 'can-connect-session/server/fetch';
import * as node from 'can-connect-session/server/node';

export { fetch, node, server };
