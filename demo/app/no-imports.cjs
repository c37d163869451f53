// In place of can-import-module, which CanJS loads for `<can-import>` in templates: it is made with `new Function`, which
// the demo's Content-Security-Policy forbids, and no template here imports anything.
module.exports = () => Promise.reject(new Error('Templates import nothing here.'));
