import DefineList from 'can-define/list/list.js';
import DefineMap from 'can-define/map/map.js';
import ObservableArray from 'can-observable-array';
import ObservableObject from 'can-observable-object';
import StacheElement from 'can-stache-element';
import QUnit from 'qunit';
import { live } from '../../../src/client/parts/live.js';
import { connectSession } from '../../../src/index.js';
import type { Json } from '../../../src/protocol/messages.js';
import { TestStorage } from '../kit.js';
import { until } from './live-world.js';

/** Two pages and a real server over real sockets; what is waited for is an event, and never a time. */
const { module, test } = QUnit;
const { liveOrigin } = (globalThis as unknown as { __karma__: { config: { liveOrigin: string } } }).__karma__
  .config;

interface Data {
  name$: string;
  items: { id: number; text: string }[];
}
interface Claims {
  readonly sub: string;
  readonly sid: string;
  readonly data: Data;
}

async function order(what: string, id: string, value: Json = null): Promise<Json> {
  const answer = await fetch(`${liveOrigin}/order/${what}`, {
    method: 'POST',
    body: JSON.stringify({ id, value }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

const models: Record<string, () => object> = {
  DefineMap: () => ({ Map: DefineMap.extend('Session', {}) }),
  ObservableObject: () => ({ ObjectType: class Session extends ObservableObject {} }),
};

// What the models are made of at run time.
void [DefineList, ObservableArray];

let elements = 0;

for (const [kind, model] of Object.entries(models)) {
  module(`parts/live with a real server: ${kind}`, () => {
    function page(storage: TestStorage) {
      return connectSession<Claims>({
        ...model(),
        url: `${liveOrigin}/session`,
        tokenStorage: storage,
        parts: [live({ backOff: { least: 1, most: 1 } })],
      });
    }

    /** Two pages of one user: the second came by a copied tab. */
    async function twoPages() {
      await order('start', '');
      const [one, other] = [new TestStorage(), new TestStorage()];
      const First = page(one);
      const first = await new First({ username: 'ann', password: 'x' }).save();
      await order('data', first.sid, { name$: 'Ann', items: [{ id: 1, text: 'one' }] });
      other.setItem('session-jwt', one.getItem('session-jwt') ?? '');
      const Second = page(other);
      const second = await Second.get();
      await until(() => first.data?.items && second.data?.items);
      return { First, Second, first, second };
    }

    test('shows in one page what the user does in another, and the server has it (SC-85)', async (assert) => {
      const { First, first, second } = await twoPages();
      first.data.name$ = 'Bea';
      first.data.items.push({ id: 2, text: 'two' });
      await until(() => second.data.items.length === 2 && second.data.name$ === 'Bea');
      await First.connection.live?.flush();
      assert.deepEqual(await order('look', first.sid), {
        name$: 'Bea',
        items: [
          { id: 1, text: 'one' },
          { id: 2, text: 'two' },
        ],
      });
      assert.equal(second.data.items[1]?.text, 'two');
    });

    test('updates a stache binding once for what the server changes', async (assert) => {
      const { first } = await twoPages();
      let made = 0;
      elements += 1;
      const tag = `live-list-${elements}`;
      class List extends StacheElement {
        static get view() {
          return '{{# for(item of this.data.items) }}<li>{{ this.text(item) }}</li>{{/ for }}';
        }
        data = first.data;
        text(item: Data['items'][number]) {
          made += 1;
          return item.text;
        }
      }
      customElements.define(tag, List as unknown as CustomElementConstructor);
      const element = document.createElement(tag);
      document.body.append(element);
      const [old] = element.querySelectorAll('li');
      assert.equal(made, 1);
      await order('add', first.sid, { id: 0, text: 'zero' });
      await until(() => first.data.items.length === 2);
      const items = [...element.querySelectorAll('li')];
      assert.deepEqual(
        items.map((item) => item.textContent),
        ['zero', 'one'],
      );
      assert.strictEqual(items[1], old, 'the element that was there is still there');
      assert.equal(made, 2, 'and only the new one was rendered');
      element.remove();
    });

    test('loses nothing when the connection is cut (SC-70)', async (assert) => {
      const { First, first, second } = await twoPages();
      await order('cut', '');
      first.data.name$ = 'offline';
      first.data.items.splice(0, 0, { id: 7, text: 'seven' });
      await order('set', first.sid, { more: true });
      await First.connection.live?.flush();
      await until(() => second.data.name$ === 'offline');
      assert.deepEqual(await order('look', first.sid), {
        name$: 'offline',
        items: [
          { id: 7, text: 'seven' },
          { id: 1, text: 'one' },
        ],
        more: true,
      });
    });

    test('knows why when the server ends the session, in every page, without asking', async (assert) => {
      const { First, Second, first } = await twoPages();
      await Promise.all([
        until(() => First.current === null && Second.current === null),
        order('end', first.sid),
      ]);
      assert.propContains(First.state, { name: 'ended', reason: 'revoked' });
      assert.propContains(Second.state, { name: 'ended', reason: 'revoked' });
      assert.equal(First.connection.live?.status, 'offline');
    });

    test('ends a session whose token the server does not take any more', async (assert) => {
      const { first, First } = await twoPages();
      const storage = new TestStorage();
      const stored = new TestStorage();
      const Late = page(stored);
      const Third = page(storage);
      const third = await new Third({ username: 'ann', password: 'x' }).save();
      stored.setItem('session-jwt', storage.getItem('session-jwt') ?? '');
      await Promise.all([until(() => Third.current === null), order('end', third.sid)]);
      // Signed in as far as it knows, since it asked nobody.
      await Late.get();
      assert.equal(Late.state.name, 'authenticated');
      await until(() => Late.current === null);
      assert.propContains(Late.state, { name: 'ended', reason: 'revoked' });
      assert.strictEqual(First.current, first, 'others of the same user stay');
    });
  });
}
