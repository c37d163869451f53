import type { LiveSessions, Session, Sessions } from 'can-connect-session/server';
import { deviceOf } from './device.js';
import type { AdminPage, Page, SessionRow } from './page.js';
import { isAdmin, nameOf } from './roles.js';

export interface Admin {
  /** Shows to each administrator the sessions that there are now. */
  show(): Promise<void>;
}

/** The page of administrators: all sessions, and a way to end one. */
export function openAdmin(live: LiveSessions<Page>, sessions: Sessions<Page>): Admin {
  let shown = Promise.resolve();

  async function look(): Promise<void> {
    const rows: SessionRow[] = [];
    const admins: string[] = [];
    for await (const session of sessions.all()) {
      if (session.hasExpired()) continue;
      rows.push(rowOf(session));
      if (isAdmin(session)) admins.push(session.id);
    }
    const write = ({ admin }: Page) => admin && bring(admin, rows);
    await live.scheduleTask(admins, (session) => session && write(session.data), true);
  }

  function show(): Promise<void> {
    // One look after the other, so that what is shown last is what was seen last.
    shown = shown.then(look).catch(() => console.error('The list of sessions could not be made.'));
    return shown;
  }

  live.onInput('/admin/refresh$', () => void show());

  live.onInput('/admin/end$', (input, session) => {
    // The documents of others have no such place. This is asked all the same where it counts.
    if (!isAdmin(session)) return input.cancel();
    const id = String(input.value);
    input.value = '';
    sessions.destroy(id, 'revoked').catch(() => console.error('A session could not be ended.'));
  });

  return { show };
}

function rowOf({ id, uid, labels, created, lastAccess, expiresAt }: Session<Page>): SessionRow {
  return {
    id,
    user: nameOf(uid),
    device: deviceOf(labels.agent),
    created,
    lastActive: lastAccess,
    expires: expiresAt,
  };
}

/** Changes the list where it has to be: what stays the same is not sent, and keeps its place and focus on the page. */
function bring(admin: AdminPage, rows: readonly SessionRow[]): void {
  const { sessions: list } = admin;
  admin.asOf = Date.now();
  for (let index = list.length - 1; index >= 0; index -= 1) {
    if (!rows.some(({ id }) => id === list[index]?.id)) list.splice(index, 1);
  }
  for (const row of rows) {
    const there = list.find(({ id }) => id === row.id);
    if (there === undefined) list.push(row);
    else there.lastActive = row.lastActive;
  }
}
