import QUnit from 'qunit';
import { openChat } from '../../demo/chat.js';
import { newPage, type Page } from '../../demo/page.js';
import { createLiveSessions, createSessions, memoryStore } from '../../src/server/index.js';

QUnit.module('journeys › demo, chat', () => {
  QUnit.test('strikes off whose session ended while nobody looked (SC-30)', async (assert) => {
    let time = 0;
    const now = () => time;
    const sessions = createSessions<Page>({ store: memoryStore(), now, sweepInterval: 0 });
    const live = createLiveSessions<Page>({ sessions, now });
    const page = newPage({});
    const inTea: Page = { ...page, chat: { ...page.chat, group$: 'Tea' } };
    const ann = await sessions.create(inTea, { id: 'ann' }, { timeToLive: 1000 });
    const bob = await sessions.create(inTea, { id: 'bob' });
    time = 1000;
    await openChat(live, sessions);
    // Each comes after the tasks that wait for the same session.
    for (const { id } of [ann, bob]) await live.run(id, () => undefined);
    const people = await live.run(bob.id, (session) => [...(session?.data.chat.people ?? [])]);
    assert.deepEqual(people, ['Bob']);
    live.close();
    await sessions.close();
  });
});
