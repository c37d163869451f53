// node --import tsx examples/express.ts
import { fileURLToPath } from 'node:url';
import { expressProblems, expressSession } from 'can-connect-session/server/express';
import express from 'express';
import { port, ready, sessionServer } from './sessions.js';

const app = express();

// Answers /session: POST signs in, GET says who is signed in, DELETE signs out. Everybody else gets `request.session`.
app.use(expressSession(sessionServer));
app.use(express.json());

app.get('/', (_request, response) => {
  response.sendFile(fileURLToPath(new URL('page.html', import.meta.url)));
});

app.get('/notes', (request, response) => {
  response.json(request.session.get().data.notes ?? []);
});

app.post('/notes', async (request, response) => {
  const { data } = request.session.get();
  const notes = [...(data.notes ?? []), String(request.body.text)];
  await request.session.save({ notes });
  response.status(201).json(notes);
});

// The 401 of `session.get()`, and whatever else goes wrong with a session.
app.use(expressProblems(sessionServer));

const server = app.listen(port, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) ready(address.port);
});
