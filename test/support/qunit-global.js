// Karma loads QUnit before the tests; a second copy in the bundle would refuse to start. karma.conf.js puts this in its place.
export default globalThis.QUnit;
