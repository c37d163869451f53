// node --import tsx examples/fastify.ts
import { readFile } from 'node:fs/promises';
import { fastifyProblems, fastifySession } from 'can-connect-session/server/fastify';
import fastify from 'fastify';
import { port, ready, sessionServer } from './sessions.js';

const app = fastify();

// Answers /session: POST signs in, GET says who is signed in, DELETE signs out. Everybody else gets `request.session`.
await app.register(fastifySession(sessionServer));
// The 401 of `session.get()`, and whatever else goes wrong with a session.
app.setErrorHandler(fastifyProblems(sessionServer));

const page = await readFile(new URL('page.html', import.meta.url));
app.get('/', (_request, reply) => reply.type('text/html').send(page));

app.get('/notes', (request) => request.session.get().data.notes ?? []);

app.post<{ Body: { text: string } }>('/notes', async (request, reply) => {
  const { data } = request.session.get();
  const notes = [...(data.notes ?? []), String(request.body.text)];
  await request.session.save({ notes });
  return reply.code(201).send(notes);
});

const url = await app.listen({ port, host: '127.0.0.1' });
ready(Number(new URL(url).port));
