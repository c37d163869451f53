// The same for the Node half, in a project that knows no DOM.
import * as server from 'can-connect-session/server';
import * as fetch from 'can-connect-session/server/fetch';
import * as node from 'can-connect-session/server/node';
import * as sockets from 'can-connect-session/server/sockets';
import * as sqlite from 'can-connect-session/server/sqlite';

interface Chat {
  messages: string[];
}

export async function live(
  sessions: server.Sessions<Chat>,
  other: server.LiveSessions<{ cart: string[] }>,
): Promise<number> {
  const chat: server.LiveSessions<Chat> = server.createLiveSessions({ sessions, policy: server.anyEdit });
  await chat.scheduleTask(new Set(['one']), (session, id) => session?.data.messages.push(id), true);
  // @ts-expect-error there may be no such session
  await chat.run('one', (session) => session.data);
  // @ts-expect-error it is a list of texts
  await chat.run('one', (session) => session?.data.messages.push(1));
  // @ts-expect-error a policy says yes or no
  server.createLiveSessions({ sessions, policy: () => 'yes' });
  // @ts-expect-error it is made of sessions that keep something else
  server.createSessionServer<Chat>({ sessions, authenticate: () => null, live: other });
  const host = server.createSessionServer({ sessions, authenticate: () => null, live: chat });
  sockets.sessionSockets(host, { maxPayload: 1024 });
  return chat.run('one', (session) => session?.data.messages.length ?? 0);
}

export { fetch, node, server, sqlite };
