// node --import tsx examples/hono.ts
import { readFile } from 'node:fs/promises';
import { serve } from '@hono/node-server';
import type { CurrentSession } from 'can-connect-session/server';
import { honoSession } from 'can-connect-session/server/fetch';
import { Hono } from 'hono';
import { port, ready, sessionServer } from './sessions.js';

const app = new Hono<{ Variables: { session: CurrentSession } }>();

// Answers /session: POST signs in, GET says who is signed in, DELETE signs out. Everybody else gets a session. The 401 of
// `session.get()`, and whatever else goes wrong with a session, is answered as a problem.
app.use(honoSession(sessionServer));

const page = await readFile(new URL('page.html', import.meta.url), 'utf8');
app.get('/', (context) => context.html(page));

app.get('/notes', (context) => context.json(context.get('session').get().data.notes ?? []));

app.post('/notes', async (context) => {
  const session = context.get('session');
  const { data } = session.get();
  const { text } = await context.req.json();
  const notes = [...(data.notes ?? []), String(text)];
  await session.save({ notes });
  return context.json(notes, 201);
});

serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, (address) => ready(address.port));
