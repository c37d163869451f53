import type { LiveSessions, Sessions } from 'can-connect-session/server';
import { type ChatMessage, type ChatPage, groups, type Page } from './page.js';
import { nameOf } from './roles.js';

const mostMessages = 50;
const longestMessage = 500;

/** What is kept of a session is its id: whoever wants the session itself asks for it by a task. */
interface Group {
  readonly name: string;
  /** Ids of sessions, and the names of their users. */
  readonly members: Map<string, string>;
  /** For those who come later. */
  messages: readonly ChatMessage[];
}

/** The group chat: what somebody says is put into the document of every session that is in the same group. */
export async function openChat(live: LiveSessions<Page>, sessions: Sessions<Page>): Promise<void> {
  const byName = new Map<string, Group>(
    groups.map((name) => [name, { name, members: new Map(), messages: [] }]),
  );

  /** Works with the page of everybody in a group. Whoever is gone, or somewhere else by now, is taken off the list. */
  function visit(group: Group, work: (page: ChatPage) => void): void {
    live.scheduleTask([...group.members.keys()], (session, id) => {
      if (session?.data.chat.group$ === group.name) work(session.data.chat);
      else leave(group, id);
    });
  }

  function join(group: Group, id: string, uid: string | null): void {
    group.members.set(id, nameOf(uid));
    tellWhoIsThere(group);
  }

  function leave(group: Group | undefined, id: string): void {
    if (group?.members.delete(id)) tellWhoIsThere(group);
  }

  function tellWhoIsThere(group: Group): void {
    const people = [...new Set(group.members.values())].sort();
    visit(group, (page) => {
      page.people = people;
    });
  }

  function say(group: Group, message: ChatMessage): void {
    group.messages = [...group.messages, message].slice(-mostMessages);
    visit(group, ({ messages }) => {
      if (messages.length >= mostMessages) messages.shift();
      messages.push(message);
    });
  }

  live.onInput('/chat/group$', (input, { id, uid, data: { chat } }) => {
    const group = byName.get(String(input.value));
    // An empty value leaves; any other must be one of ours.
    if (group === undefined && input.value !== '') return input.cancel();
    chat.people = [];
    chat.messages = [...(group?.messages ?? [])];
    leave(byName.get(chat.group$), id);
    if (group !== undefined) join(group, id, uid);
  });

  live.onInput('/chat/draft$', (input) => {
    input.value = String(input.value).slice(0, longestMessage);
  });

  live.onInput('/chat/send$', (_, { uid, data: { chat } }) => {
    const group = byName.get(chat.group$);
    const text = chat.draft$.trim();
    chat.draft$ = '';
    if (group !== undefined && text !== '') say(group, { from: nameOf(uid), text, at: Date.now() });
  });

  // The task of a group would find out with the next message; so the others see it at once.
  sessions.onDestroy(({ id }) => {
    for (const group of byName.values()) leave(group, id);
  });

  // After a restart everybody is where they were; sessions of an older demo are nowhere.
  for await (const { id, uid, data } of sessions.all()) {
    const group = byName.get(data.chat?.group$);
    if (group === undefined) continue;
    if (data.chat.messages.length > group.messages.length) group.messages = data.chat.messages;
    join(group, id, uid);
  }
}
