/** The bridge to express-session, both ways. */
export type { SessionStore } from '../core/store.js';
export { type FromExpressStoreOptions, fromExpressStore } from './express-session/from.js';
export { type ToExpressStoreOptions, toExpressStore } from './express-session/to.js';
export type {
  ExpressSessionModule,
  ExpressStore,
  ExpressStoreMethods,
} from './express-session/types.js';
