// An app of somebody who installed the package: pack.test.ts checks its types against the packed declarations, with strict
// settings and without declarations for can-* modules, and bundles it with Vite.
import sessionBehavior, { connectSession, SessionError } from 'can-connect-session';

// The values are here to be type-checked and bundled; nothing runs them.
export { connectSession, SessionError, sessionBehavior };
