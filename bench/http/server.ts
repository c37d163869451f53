/** One stack in a process of its own: `node server.mjs NAME`, started by stack-process.ts. */
import { type FromStack, Missing, type ToStack, usual } from './stack.js';
import { stackOf } from './stacks/index.js';

function tell(message: FromStack): void {
  process.send?.(message);
}

async function serve(name: string): Promise<void> {
  const { server, dialect } = await stackOf(name);
  let requests = 0;
  server.on('request', () => {
    requests += 1;
  });
  process.on('message', ({ type }: ToStack) => {
    const { user, system } = process.cpuUsage();
    if (type === 'usage') tell({ type, cpu: user + system, requests });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The stack has no port.');
    tell({ type: 'ready', port: address.port, dialect: { ...usual, ...dialect } });
  });
}

// Whoever measures is gone, however it went.
process.on('disconnect', () => process.exit());

try {
  await serve(process.argv[2] ?? '');
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  tell({ type: 'missing', reason: error.message });
}
