import QUnit from 'qunit';
import {
  type PageSignals,
  ReconnectingSocket,
  type SocketOptions,
} from '../../../src/client/transports/websocket.js';
import { testClock } from '../kit.js';
import { type FakeSocket, HandTimers, socketsOf } from '../parts/live-world.js';

const { module, test } = QUnit;

/** A page whose network and window a test moves. */
class HandPage implements PageSignals {
  online = true;
  #heard: ((signal: 'wake' | 'offline' | 'hide') => void) | undefined;

  isOnline = () => this.online;
  listen = (heard: (signal: 'wake' | 'offline' | 'hide') => void) => {
    this.#heard = heard;
    return () => {
      this.#heard = undefined;
    };
  };

  get isListening(): boolean {
    return this.#heard !== undefined;
  }

  tell(signal: 'wake' | 'offline' | 'hide', online = this.online): void {
    this.online = online;
    this.#heard?.(signal);
  }
}

function setUp(options: SocketOptions = {}) {
  const sockets: FakeSocket[] = [];
  const timers = new HandTimers();
  const clock = testClock();
  const page = new HandPage();
  const log: string[] = [];
  const user = {
    fits: true,
    address: () => ({ url: `wss://x.example/${sockets.length}`, protocols: ['a', 'b'] }),
    opened: () => '["first"]',
    received: (message: unknown) => {
      log.push(JSON.stringify(message));
      return user.fits;
    },
    closed: (code: number, reason: string): void => {
      log.push(`closed ${code} ${reason}`.trim());
    },
    changed: (status: string) => void log.push(status),
  };
  const socket = new ReconnectingSocket(user, {
    WebSocket: socketsOf((made) => sockets.push(made)),
    timers,
    now: clock,
    random: () => 1,
    page,
    ...options,
  });
  const last = () => sockets.at(-1) as FakeSocket;
  /** A connection that has brought the document. */
  const connect = () => {
    last().open();
    last().message([1]);
  };
  return { socket, sockets, timers, clock, page, log, user, last, connect };
}

module('client/transports/websocket', () => {
  test('speaks first, and is connected when the answer is there', (assert) => {
    const { socket, last, log } = setUp();
    socket.start();
    assert.equal(socket.status, 'reconnecting', 'the first attempt is one, too');
    assert.deepEqual(last().protocols, ['a', 'b']);
    last().open();
    assert.deepEqual(last().sent, ['["first"]']);
    assert.equal(socket.status, 'reconnecting');
    last().message([1]);
    assert.deepEqual(log, ['reconnecting', '[1]', 'connected']);
  });

  test('waits twice as long after each failure, up to a limit, and starts again after a connection', (assert) => {
    const { socket, last, timers, connect } = setUp();
    socket.start();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      last().end(1006);
      waits.push(...timers.pending);
      timers.fire();
    }
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
    connect();
    last().end(1006);
    assert.deepEqual(timers.pending, [1000]);
  });

  test('waits a random part of that, so that pages do not all come at once', (assert) => {
    const { socket, last, timers } = setUp({ random: () => 0.25, backOff: { least: 400, most: 800 } });
    socket.start();
    last().end(1006);
    assert.deepEqual(timers.pending, [100]);
    timers.fire();
    last().end(1006);
    assert.deepEqual(timers.pending, [200]);
  });

  test('waits longer each time when the server closes it for what it was sent', (assert) => {
    for (const code of [1008, 1009, 1011, 1013, 4401]) {
      const { socket, last, timers, connect } = setUp();
      socket.start();
      const waits: number[] = [];
      for (let attempt = 0; attempt < 3; attempt += 1) {
        connect();
        last().end(code);
        waits.push(...timers.pending);
        timers.fire();
      }
      assert.deepEqual(waits, [1000, 2000, 4000], String(code));
    }
  });

  test('tries at once when the page is back or online again, and not while it is offline', (assert) => {
    const { socket, sockets, last, page, timers, connect } = setUp();
    page.online = false;
    socket.start();
    assert.equal(socket.status, 'offline');
    assert.equal(sockets.length, 0);
    page.tell('wake', true);
    assert.equal(sockets.length, 1);
    connect();
    page.tell('offline', false);
    assert.equal(socket.status, 'offline');
    assert.true(last().isClosedHere);
    assert.deepEqual(timers.pending, []);
    page.tell('wake', true);
    assert.equal(sockets.length, 2);
    last().end(1006);
    page.tell('wake');
    assert.equal(sockets.length, 3, 'without waiting');
    assert.equal(timers.pending.length, 1, 'for nothing but the answer');
  });

  test('asks for a sign of life after a silence, and gives up when none comes', (assert) => {
    const { socket, last, timers, clock, connect, log } = setUp({ heartbeat: 1000 });
    socket.start();
    connect();
    clock.at += 600;
    last().message([2]);
    clock.at += 400;
    timers.fire();
    assert.deepEqual(timers.pending, [600], 'something came meanwhile');
    clock.at += 600;
    timers.fire();
    assert.deepEqual(last().sent, ['["first"]', '[]']);
    clock.at += 10;
    last().message([]);
    clock.at += 990;
    timers.fire();
    assert.equal(socket.status, 'connected');
    clock.at += 10;
    timers.fire();
    clock.at += 1000;
    timers.fire();
    assert.equal(socket.status, 'reconnecting');
    assert.true(last().isClosedHere);
    assert.equal(log.at(-1), 'closed 1006');
  });

  test('asks at once when a page wakes up that was connected (sleep, frozen tabs)', (assert) => {
    const { socket, last, page, connect } = setUp();
    socket.start();
    connect();
    page.tell('wake');
    page.tell('wake');
    assert.deepEqual(last().sent, ['["first"]', '[]']);
  });

  test('gives up an attempt that is never answered', (assert) => {
    const { socket, sockets, timers, clock } = setUp({ heartbeat: 1000 });
    socket.start();
    clock.at += 1000;
    timers.fire();
    assert.true(sockets[0]?.isClosedHere);
    timers.fire();
    assert.equal(sockets.length, 2);
  });

  test('begins anew when a message does not fit or is no JSON, and hears nothing of the old socket', (assert) => {
    for (const bad of ['{', '[1]']) {
      const { socket, sockets, last, user, connect, timers, log } = setUp();
      socket.start();
      connect();
      user.fits = false;
      last().message(bad);
      assert.true(last().isClosedHere);
      const heard = log.length;
      sockets[0]?.message([3]);
      sockets[0]?.end(4401, 'revoked');
      assert.equal(log.length, heard);
      assert.deepEqual(timers.pending, [1000]);
      timers.fire();
      assert.equal(sockets.length, 2);
    }
  });

  test('closes a page that goes into the back/forward cache, and connects when it is back', (assert) => {
    const { socket, sockets, last, page, connect, timers } = setUp();
    socket.start();
    connect();
    page.tell('hide');
    assert.true(last().isClosedHere);
    assert.deepEqual(timers.pending, []);
    page.tell('wake');
    assert.equal(sockets.length, 2);
  });

  test('leaves no timer, no listener and no socket when it is stopped, also from within', (assert) => {
    const { socket, sockets, last, page, timers, connect, user } = setUp();
    socket.start();
    connect();
    user.closed = () => {
      socket.stop();
    };
    last().end(4401, 'revoked');
    assert.deepEqual(timers.pending, []);
    assert.false(page.isListening);
    assert.equal(socket.status, 'offline');
    assert.equal(sockets.length, 1);
  });

  test('tries again when the browser refuses to make a socket', (assert) => {
    let tries = 0;
    const { socket, timers, log } = setUp({
      WebSocket: class {
        constructor() {
          tries += 1;
          throw new DOMException('blocked', 'SecurityError');
        }
      } as unknown as typeof WebSocket,
    });
    socket.start();
    assert.equal(tries, 1);
    assert.deepEqual(timers.pending, [1000]);
    assert.deepEqual(log, ['reconnecting', 'closed 1006']);
  });

  test('drops keys that an observable would take for its prototype (S69)', (assert) => {
    const { socket, last, log } = setUp();
    socket.start();
    last().open();
    last().message('[{"__proto__":{"a":1},"b":{"\\u005f_proto__":2,"c":3}}]');
    assert.equal(log[1], '[{"b":{"c":3}}]');
  });

  test('hears of the real page', (assert) => {
    const { socket, last, connect } = setUp();
    const real = new ReconnectingSocket(
      {
        address: () => ({ url: 'wss://x.example', protocols: [] }),
        opened: () => '[]',
        received: () => true,
        closed() {},
        changed() {},
      },
      { WebSocket: socketsOf((made) => made), timers: new HandTimers() },
    );
    real.start();
    window.dispatchEvent(new Event('offline'));
    assert.equal(real.status, 'reconnecting', 'since the browser itself says that it is online');
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    document.dispatchEvent(new Event('visibilitychange'));
    assert.equal(real.status, 'reconnecting');
    real.stop();
    assert.equal(real.status, 'offline');
    socket.start();
    connect();
    assert.ok(last());
  });
});
