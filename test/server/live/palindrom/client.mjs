// The unmodified npm client palindrom@5.1.0 in a process of its own, since it needs globals (PAL-18), and clocks that only the test
// moves. The test sends commands; whatever happens to a client is told, with all that is known of it by then.
import { createRequire } from 'node:module';
import { WebSocket } from 'ws';

/** @typedef {import('./page.js').Command} Command */
/** @typedef {import('./page.js').Step} Step */

/** Timers of this process, by their handles: the client waits whole seconds. */
const timers = new Map();
let time = 0;
let handles = 0;

Object.assign(globalThis, {
  window: { location: { href: 'http://palindrom.invalid/' } },
  WebSocket,
  /** @param {() => void} work @param {number} [delay] */
  setTimeout(work, delay = 0) {
    handles += 1;
    timers.set(handles, { at: time + delay, work });
    return handles;
  },
  /** @param {number} handle */
  clearTimeout: (handle) => timers.delete(handle),
});
/** What it warns of is in its errors, too. */
console.error = console.warn = () => {};

const Palindrom = createRequire(import.meta.url)('palindrom');

/** @type {Map<number, { client: any, log: any, isTold: boolean }>} */
const clients = new Map();
/** @type {string[]} */
const uncaught = [];

process.on('uncaughtException', (error) => {
  uncaught.push(error.message);
  for (const id of clients.keys()) tell(id);
});

/** Once for all that happens in one turn. @param {number} id */
function tell(id) {
  const entry = clients.get(id);
  if (entry === undefined || entry.isTold) return;
  entry.isTold = true;
  setImmediate(() => {
    entry.isTold = false;
    if (clients.get(id) === entry) process.send?.({ client: id, state: stateOf(entry) });
  });
}

/** @param {{ client: any, log: any }} entry */
function stateOf({ client, log }) {
  const { queue, network } = client ?? {};
  return {
    document: client?.obj,
    pending: queue?.pending?.length ?? 0,
    versions: [queue?.localVersion ?? 0, queue?.remoteVersion ?? 0],
    address: network?.remoteUrl.href,
    isOpen: network?._ws?.readyState === WebSocket.OPEN,
    ...log,
    uncaught,
  };
}

/** @param {number} id @param {object} options */
function open(id, options) {
  const log = { loads: 0, sent: [], received: [], countdowns: [], closes: [], errors: [], faults: [] };
  const entry = { client: undefined, log, isTold: false };
  clients.set(id, entry);
  /** @param {keyof typeof log} list @param {(...args: any[]) => unknown} what */
  const note =
    (list, what) =>
    /** @param {any[]} args */
    (...args) => {
      log[list].push(what(...args));
      tell(id);
    };
  entry.client = new Palindrom({
    ...options,
    onStateReset() {
      log.loads += 1;
      tell(id);
    },
    onRemoteChange: () => tell(id),
    onSocketOpened: () => tell(id),
    onPatchSent: note('sent', (message, _, method) => `${method} ${message ?? ''}`.trim()),
    onPatchReceived: note('received', (patch, _, method) => `${method} ${JSON.stringify(patch)}`),
    onReconnectionCountdown: note('countdowns', (ms) => ms),
    onSocketStateChanged(_state, _url, _data, code, reason) {
      if (code !== undefined) log.closes.push(`${code} ${reason}`.trim());
      tell(id);
    },
    onConnectionError: note('errors', ({ message }) => message),
    onIncomingPatchValidationError: note('faults', ({ message }) => message),
    onError: note('faults', ({ message }) => message),
  });
}

/** What a page does to `palindrom.obj`. @param {any} root @param {Step} step */
function change(root, { path, value, call, remove }) {
  const keys = path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop();
  let at = root;
  for (const key of keys) at = at[key];
  if (call !== undefined) at[last][call](...value);
  else if (remove) delete at[last];
  else at[last] = value;
}

/** Runs what is due in these milliseconds, in its order. @param {number} ms */
function elapse(ms) {
  const end = time + ms;
  for (;;) {
    const [handle, next] = [...timers].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
    if (next === undefined || next.at > end) break;
    timers.delete(handle);
    time = next.at;
    next.work();
  }
  time = end;
}

/** Whatever still comes for it, nobody hears. @param {number} id */
function leave(id) {
  const { client } = clients.get(id) ?? {};
  clients.delete(id);
  client.network.onReceive = () => {};
  client.useWebSocket = false;
}

/** @param {Command} command */
function obey({ client: id, open: options, change: steps, visit, ping, elapse: ms, leave: left, forget }) {
  const { client } = clients.get(id) ?? {};
  if (options) open(id, options);
  for (const step of steps ?? []) change(client.obj, step);
  if (visit) client.network.getPatchUsingHTTP(visit);
  if (ping) client.ping();
  if (ms) elapse(ms);
  if (left) leave(id);
  if (!forget) return;
  for (const one of [...clients.keys()]) leave(one);
  timers.clear();
  uncaught.length = 0;
}

process.on('message', (/** @type {Command & { id: number }} */ command) => {
  let error;
  try {
    obey(command);
  } catch (thrown) {
    error = String(thrown);
  }
  const entry = clients.get(command.client);
  process.send?.({ id: command.id, error, client: command.client, state: entry && stateOf(entry) });
});
process.on('disconnect', () => process.exit());
