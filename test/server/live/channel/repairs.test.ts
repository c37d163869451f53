import QUnit from 'qunit';
import { History } from '../../../../src/server/live/channel/history.js';
import { Repairs } from '../../../../src/server/live/channel/repairs.js';
import { changesOf, live, patch, replace } from './live-fixture.js';

const { module, test } = QUnit;

module('server/live/channel: repairs', () => {
  test('follow each place through the history once, however often a client asks for it', (assert) => {
    let looks = 0;
    class Watched extends History {
      override forward(...from: Parameters<History['forward']>) {
        looks += this.step - from[1];
        return super.forward(...from);
      }
    }
    const history = new Watched();
    const repairs = new Repairs(history);
    for (let place = 0; place < 100; place += 1) repairs.owe([`p${place}`]);
    for (let step = 0; step < 500; step += 1) {
      history.record({ op: 'replace', path: ['m$'], value: step });
      repairs.touches(['m$'], 0);
    }
    assert.equal(looks, 100 * 500);
  });

  test('become the whole document when too many places were told to a client that never says it saw them', (assert) => {
    const { channel } = live({ l$: [1, 2, 3, 4] });
    const wrong = [0, 1, 2, 3].map((item) => replace(`/l$/${item}`, 'no number'));
    const wholes: number[] = [];
    for (let n = 1; n <= 60; n += 1) {
      const outcome = channel.receive(patch(n, 0, ...wrong));
      const [first] = changesOf(channel.answer(outcome, 'socket') ?? '[]');
      if (first?.path === '') wholes.push(n);
    }
    assert.equal(wholes[0], 51);
  });
});
