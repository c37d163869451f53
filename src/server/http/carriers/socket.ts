import { type Carrier, none } from '../carrier.js';

/**
 * The connection itself: what follows on it belongs to the session that began on it (SC-40, SC-47). Only for clients that
 * connect directly. A proxy sends the requests of many people over one connection: never use it behind one.
 */
export function socketCarrier(): Carrier {
  const ids = new WeakMap<object, string>();
  return {
    name: 'socket',
    ambient: true,
    header: undefined,
    find({ connection }) {
      const id = connection === undefined ? undefined : ids.get(connection);
      return id === undefined ? none : [id];
    },
    announce({ request: { connection }, id }) {
      if (connection !== undefined) ids.set(connection, id);
      return {};
    },
    forget({ connection }) {
      if (connection !== undefined) ids.delete(connection);
    },
  };
}
