/** A process with many sockets, which says when all of them got a message. Spoken to over IPC. */
import { WebSocket } from 'ws';

interface Connect {
  readonly port: number;
  readonly paths: readonly string[];
  readonly count: number;
}

let open: WebSocket[] = [];
let missing = 0;

function arrived(): void {
  missing -= 1;
  if (missing === 0) process.send?.('done');
}

/** So many at a time as a listening socket keeps waiting. */
const wave = 100;

async function connect({ port, paths, count }: Connect): Promise<void> {
  for (let first = 0; first < count; first += wave) {
    const made = Array.from({ length: Math.min(wave, count - first) }, (_, index) => {
      const path = paths[(first + index) % paths.length] ?? '/';
      return new Promise<void>((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, 'can-connect-session.v1', {
          perMessageDeflate: false,
        });
        socket.on('error', reject);
        socket.on('open', () => socket.send('[]'));
        // The first message is the document.
        socket.once('message', () => {
          socket.on('message', arrived);
          resolve();
        });
        open.push(socket);
      });
    });
    await Promise.all(made);
  }
}

process.on('message', async (asked: Connect | { readonly expect: number } | 'close') => {
  if (asked === 'close') {
    for (const socket of open) socket.terminate();
    open = [];
    process.send?.('closed');
  } else if ('expect' in asked) {
    missing = asked.expect;
    process.send?.('ready');
  } else {
    await connect(asked);
    process.send?.('connected');
  }
});
