import QUnit from 'qunit';
import { type Change, pointerOf } from '../../../../src/protocol/change.js';
import type { Json } from '../../../../src/protocol/messages.js';
import { createDocument } from '../../../../src/server/live/document/document.js';

const { module, test } = QUnit;

interface Item {
  id: number;
  name?: string;
  tags?: string[];
}

interface Form {
  name: string;
  age?: number | null;
  address?: { city: string; zip?: string };
  items: Item[];
  rows: number[][];
}

/** A document whose first `take` tells only what changed. */
function opened(items: readonly Item[] = []) {
  const initial = { name: 'Ada', address: { city: 'London' }, items, rows: [[1], [2]] };
  return createDocument<Form>(initial, { fresh: false });
}

const three: readonly Item[] = [{ id: 1 }, { id: 2 }, { id: 3 }];

/** Changes as one reads them: `add /items/0 {"id":1}`. */
const lines = (changes: readonly Change[]) =>
  changes.map(({ op, path, value }) => [op, pointerOf(path), JSON.stringify(value)].join(' ').trim());

/** The changes as they travel. */
const wire = (changes: readonly Change[]) =>
  JSON.stringify(changes.map((change) => ({ ...change, path: pointerOf(change.path) })));

/** What `work` on a document with these items is told as. */
function told(work: (root: Form) => void, items: readonly Item[] = three): string[] {
  const document = opened(items);
  work(document.root);
  return lines(document.take());
}

module('server/live/document', () => {
  module('members', () => {
    test('tells a new member as add, another value as replace and one that is gone as remove', (assert) => {
      assert.deepEqual(
        told((root) => {
          root.age = 36;
          root.name = 'Grace';
          delete root.address;
        }),
        ['add /age 36', 'replace /name "Grace"', 'remove /address'],
      );
    });

    test('tells a member that changes twice once, with its last value (SC-94)', (assert) => {
      assert.deepEqual(
        told((root) => {
          root.name = 'Grace';
          root.age = 1;
          root.name = 'Hedy';
          root.age = 2;
        }),
        ['replace /name "Hedy"', 'add /age 2'],
      );
    });

    test('tells nothing of a member that is as it was', (assert) => {
      const document = opened();
      const { root } = document;
      root.name = 'Grace';
      root.name = 'Ada';
      root.age = 1;
      delete root.age;
      root.name = 'Ada';
      assert.false(document.changed);
      assert.deepEqual(document.take(), []);
    });

    test('tells a member that was deleted and came again as replace', (assert) => {
      assert.deepEqual(
        told((root) => {
          delete root.address;
          root.address = { city: 'Paris' };
        }),
        ['replace /address {"city":"Paris"}'],
      );
    });

    test('tells null as a value', (assert) => {
      assert.deepEqual(
        told((root) => {
          root.age = null;
        }),
        ['add /age null'],
      );
    });

    test('tells nothing of what happens inside of a value that is told, but its last state', (assert) => {
      assert.deepEqual(
        told((root) => {
          root.address = { city: 'Paris' };
          root.address.zip = '75001';
          root.items[0] = { id: 9, tags: [] };
          root.items[0].tags?.push('x');
        }),
        ['replace /items/0 {"id":9,"tags":["x"]}', 'replace /address {"city":"Paris","zip":"75001"}'],
      );
    });

    test('tells where a member is after the lists around it moved', (assert) => {
      assert.deepEqual(
        told((root) => {
          const [second] = root.items.slice(1);
          if (second) second.name = 'before';
          root.items.unshift({ id: 0 });
          if (second) second.name = 'after';
        }),
        ['add /items/0 {"id":0}', 'add /items/2/name "after"'],
      );
    });

    test('tells nothing of what was taken out and is still changed', (assert) => {
      assert.deepEqual(
        told((root) => {
          const { address } = root;
          const first = root.items.shift();
          const [second] = root.items.splice(1, 1);
          if (second) second.name = 'nobody';
          root.address = { city: 'Paris' };
          if (address) address.city = 'nowhere';
          if (first) first.name = 'nobody';
        }),
        ['remove /items/0', 'remove /items/1', 'replace /address {"city":"Paris"}'],
      );
      assert.deepEqual(
        told((root) => {
          const { address } = root;
          delete root.address;
          if (address) address.city = 'nowhere';
        }),
        ['remove /address'],
      );
    });

    test('writes ~ and / of a key as RFC 6901 says', (assert) => {
      const document = createDocument({ 'a/b': { '~': 1 } }, { fresh: false });
      document.apply({ op: 'replace', path: ['a/b', '~'], value: 2 });
      assert.equal(
        wire(document.take()),
        '[{"op":"replace","path":"/a~1b/~0","value":2}]'.replaceAll(' ', ''),
      );
    });
  });

  module('lists', () => {
    for (const length of [0, 10, 1000, 20_000]) {
      test(`tells an item at the front of ${length} as one add of at most 110 bytes`, (assert) => {
        const item = (id: number) => ({ id, name: `item ${id}`, tags: ['a', 'b'] });
        const document = opened(Array.from({ length }, (_, index) => item(index)));
        document.root.items.unshift(item(length));
        const patch = wire(document.take());
        assert.true(patch.startsWith('[{"op":"add","path":"/items/0","value":{"id":'), patch);
        assert.equal(JSON.parse(patch).length, 1);
        assert.true(patch.length <= 110, `${patch.length} bytes`);
      });
    }

    const cases: readonly (readonly [string, (items: Item[]) => unknown, readonly string[]])[] = [
      [
        'push',
        (items) => items.push({ id: 4 }, { id: 5 }),
        ['add /items/3 {"id":4}', 'add /items/4 {"id":5}'],
      ],
      ['pop', (items) => items.pop(), ['remove /items/2']],
      ['shift', (items) => items.shift(), ['remove /items/0']],
      ['an insertion', (items) => items.splice(1, 0, { id: 9 }), ['add /items/1 {"id":9}']],
      ['a removal in the middle', (items) => items.splice(0, 2), ['remove /items/0', 'remove /items/0']],
      ['a removal at the end', (items) => items.splice(1), ['remove /items/2', 'remove /items/1']],
      [
        'a splice with more items than it takes out',
        (items) => items.splice(1, 1, { id: 8 }, { id: 9 }),
        ['replace /items/1 {"id":8}', 'add /items/2 {"id":9}'],
      ],
      [
        'a splice with fewer items than it takes out',
        (items) => items.splice(0, 2, { id: 9 }),
        ['replace /items/0 {"id":9}', 'remove /items/1'],
      ],
      ['an assignment', (items) => Reflect.set(items, 1, { id: 9 }), ['replace /items/1 {"id":9}']],
      [
        'an assignment behind the last',
        (items) => Reflect.set(items, 3, { id: 9 }),
        ['add /items/3 {"id":9}'],
      ],
      ['a shorter length', (items) => Reflect.set(items, 'length', 2), ['remove /items/2']],
      ['the same length', (items) => Reflect.set(items, 'length', 3), []],
      [
        'fill',
        (items) => items.fill({ id: 9 }, 1),
        ['replace /items/1 {"id":9}', 'replace /items/2 {"id":9}'],
      ],
      ['copyWithin', (items) => items.copyWithin(0, 2), ['replace /items/0 {"id":3}']],
      ['reverse', (items) => items.reverse(), ['replace /items [{"id":3},{"id":2},{"id":1}]']],
      [
        'a sort that moves one item',
        (items) => items.sort((one, other) => (one.id % 3) - (other.id % 3)),
        ['remove /items/2', 'add /items/0 {"id":3}'],
      ],
      [
        'a sort that moves one item down',
        (items) => items.sort((one, other) => ((one.id + 1) % 4) - ((other.id + 1) % 4)),
        ['remove /items/2', 'add /items/0 {"id":3}'],
      ],
      ['a sort that moves nothing', (items) => items.sort((one, other) => one.id - other.id), []],
      ['nothing out of an empty place', (items) => items.splice(3, 1), []],
      [
        'a move by hand as a remove followed by an add',
        (items) => items.splice(2, 0, ...items.splice(0, 1)),
        ['remove /items/0', 'add /items/2 {"id":1}'],
      ],
    ];
    for (const [title, work, expected] of cases) {
      test(`tells ${title} (SC-94)`, (assert) => {
        assert.deepEqual(
          told((root) => {
            work(root.items);
          }),
          expected,
        );
      });
    }

    test('tells what happened to lists in its order, with the places of that moment (SC-94)', (assert) => {
      assert.deepEqual(
        told((root) => {
          root.items.push({ id: 4 });
          root.rows.unshift([0]);
          root.rows[1]?.push(7);
          root.items.shift();
          root.rows.shift();
          root.rows[0]?.push(8);
        }),
        [
          'add /items/3 {"id":4}',
          'add /rows/0 [0]',
          'add /rows/1/1 7',
          'remove /items/0',
          'remove /rows/0',
          'add /rows/0/2 8',
        ],
      );
    });

    test('tells nothing of what came and went at once', (assert) => {
      assert.deepEqual(
        told((root) => {
          root.items.push({ id: 4 });
          root.items.push({ id: 5 });
          root.rows.unshift([0]);
          root.rows.shift();
          root.items.pop();
          root.items.pop();
        }),
        [],
      );
    });

    test('tells an item that is replaced twice once, and not at all when it is as it was', (assert) => {
      const document = createDocument<number[]>([1, 2, 3], { fresh: false });
      document.root[0] = 7;
      document.root[1] = 8;
      document.root.push(4);
      document.root[0] = 9;
      document.root[1] = 2;
      document.root[3] = 5;
      assert.deepEqual(lines(document.take()), ['replace /0 9', 'add /3 5']);
    });

    test('tells an item by the place that it has then, whatever stood there before', (assert) => {
      const document = createDocument<number[]>([1, 2, 3], { fresh: false });
      const { root } = document;
      root[1] = 8;
      root.unshift(0);
      root[1] = 9;
      root[3] = 7;
      root.sort((one, other) => Number(one === 0) - Number(other === 0));
      root[3] = 6;
      root.shift();
      root[2] = 5;
      assert.deepEqual(lines(document.take()), [
        'replace /1 8',
        'add /0 0',
        'replace /1 9',
        'replace /3 7',
        'remove /0',
        'add /3 0',
        'replace /3 6',
        'remove /0',
        'replace /2 5',
      ]);
      assert.deepEqual(document.toJSON(), [8, 7, 5]);
    });

    test('tells a list as a whole when little of it is left', (assert) => {
      const many = Array.from({ length: 100 }, (_, id) => ({ id }));
      const whole = (left: string) => [`replace /items ${left}`];
      const clear = (root: Form) => {
        root.items.length = 0;
      };
      assert.deepEqual(told(clear, many), whole('[]'));
      assert.deepEqual(
        told((root) => root.items.splice(1, 99), many),
        whole('[{"id":0}]'),
      );
      assert.deepEqual(told((root) => root.items.fill({ id: 1 }, 0, 9), many.slice(0, 9)).length, 1);
      assert.equal(told((root) => root.items.splice(50), many).length, 50, 'half of it is left');
    });

    test('tells nothing else of a list that is told as a whole', (assert) => {
      assert.deepEqual(
        told((root) => {
          root.items.push({ id: 4 });
          root.items.reverse();
          root.items.pop();
          const [first] = root.items;
          if (first) first.name = 'last';
        }),
        ['replace /items [{"id":4,"name":"last"},{"id":3},{"id":2}]'],
      );
    });

    test('tells an item that sorting moved as it is at last', (assert) => {
      assert.deepEqual(
        told((root) => {
          const [, , third] = root.items;
          root.items.sort((one, other) => (one.id % 3) - (other.id % 3));
          if (third) third.tags = ['moved'];
          third?.tags?.push('twice');
        }),
        ['remove /items/2', 'add /items/0 {"id":3,"tags":["moved","twice"]}'],
      );
    });
  });

  test('tells a list once that was sorted and moved, in whichever order', (assert) => {
    const rows = [[3, 2, 1], [1], [2]];
    const byLength = (one: number[], other: number[]) => one.length - other.length;
    for (const sortFirst of [true, false]) {
      const document = createDocument<number[][]>(rows, { fresh: false });
      const [long] = document.root;
      if (sortFirst) long?.sort();
      document.root.sort(byLength);
      if (!sortFirst) long?.sort();
      assert.deepEqual(lines(document.take()), ['remove /0', 'add /2 [1,2,3]']);
    }
  });

  module('the document', () => {
    test('tells a fresh document as one replace of everything (SC-16, SC-94)', (assert) => {
      const document = createDocument<{ a: number }>({ a: 1 });
      assert.true(document.changed);
      document.root.a = 2;
      assert.deepEqual(document.take(), [{ op: 'replace', path: [], value: { a: 2 } }]);
      assert.false(document.changed);
      document.root.a = 3;
      assert.deepEqual(lines(document.take()), ['replace /a 3']);
    });

    test('tells another root as one replace of everything (SC-16)', (assert) => {
      const document = createDocument<{ a?: number; b?: number[] }>({ a: 1 }, { fresh: false });
      const old = document.root;
      old.a = 2;
      document.replace({ b: [1] });
      old.a = 3;
      document.root.b?.push(2);
      assert.notEqual(document.root, old);
      assert.deepEqual(document.take(), [{ op: 'replace', path: [], value: { b: [1, 2] } }]);
    });

    test('tells a root that is put in its own place as nothing', (assert) => {
      const document = opened();
      document.replace(document.root);
      assert.deepEqual(document.take(), []);
    });

    test('may be a list, whose own place is the root', (assert) => {
      const document = createDocument<number[]>([3, 1, 2, 0], { fresh: false });
      document.root.push(5);
      assert.deepEqual(lines(document.take()), ['add /4 5']);
      document.root.sort();
      assert.deepEqual(lines(document.take()), ['replace  [0,1,2,3,5]']);
    });

    test('tells values that later changes do not reach', (assert) => {
      const document = opened();
      document.root.items.push({ id: 1, tags: [] });
      const [change] = document.take();
      document.root.items[0]?.tags?.push('later');
      assert.deepEqual(change?.value, { id: 1, tags: [] });
      const json = document.toJSON();
      document.root.name = 'Grace';
      assert.equal((json as { name: Json }).name, 'Ada');
    });
  });
});
