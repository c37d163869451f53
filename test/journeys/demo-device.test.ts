import QUnit from 'qunit';
import { deviceOf } from '../../demo/device.js';

QUnit.module('journeys › demo, devices', () => {
  const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
  const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36';
  for (const [agent, device] of [
    [`${windows} ${chrome}`, 'Chrome 150 on Windows'],
    [`${windows} ${chrome} Edg/150.0.0.0`, 'Edge 150 on Windows'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0', 'Firefox 149 on Linux'],
    [`Mozilla/5.0 (Linux; Android 10; K) ${chrome}`, 'Chrome 150 on Android'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1',
      'Safari 19 on iOS',
    ],
    ['curl/8.5.0', 'curl/8.5.0'],
    ['', 'Unknown'],
    [undefined, 'Unknown'],
  ] as const) {
    QUnit.test(`calls a device ${device}${agent === undefined ? ' without a label' : ''}`, (assert) => {
      assert.equal(deviceOf(agent), device);
    });
  }
});
