import canReflect from 'can-reflect';
import SimpleObservable from 'can-simple-observable';
import { demand } from '../core/fail.js';
import type { SessionCore } from '../core/session.js';
import type { SessionClaims } from '../core/token.js';
import { hydrate, type ObservableType, wipe } from './hydrate.js';

type Instance = object;
type Callback = (value: unknown) => void;
type Shown = { readonly name: string; readonly claims?: SessionClaims };

/** The finished connection, as far as it is used here. can-connect's `constructor` and `can/map` make it. */
export interface Connection {
  Map: ObservableType;
  id(instance: Instance): undefined;
  isNew(instance: Instance): boolean;
  getData(query?: unknown): Promise<SessionClaims>;
  createData(credentials: object): Promise<SessionClaims>;
  destroyData(data?: object): Promise<unknown>;
  createdData(data: object): object;
  destroyedData(data: object): object;
  createdInstance(instance: Instance, claims: object | null): void;
  updatedInstance(instance: Instance, props: object | null): void;
  get(query?: unknown): Promise<Instance>;
  save(instance: Instance): Promise<Instance>;
  destroy(instance?: Instance): Promise<Instance | null | undefined>;
}

/**
 * Puts the session on the finished connection, and on its type the statics `current`, `currentPromise`, `saving` and
 * `state`. They follow the core's state; what is decided here is which object shows the claims.
 *
 * can-connect keeps many instances by their identity; here there is one, without identity, so that no two users can
 * share an instance whatever the model calls its own, and a sign-out needs no instance at all. Everything still passes
 * through the data methods of the finished connection: what other behaviors wrap around them takes part.
 *
 * @param kept - properties of an instance that are not claims
 */
export function install(connection: Connection, core: SessionCore, kept: ReadonlySet<string>): void {
  const { Map: Type, createdInstance, save, destroy } = connection;
  const current = new SimpleObservable<Instance | null | undefined>(undefined);
  const changes = new SimpleObservable<unknown>(undefined);
  /** Instances that are, or were, a session. */
  const known = new WeakSet<Instance>();
  /** The current instance, for those who must not subscribe by reading it, and the state that it shows. */
  let instance: Instance | null | undefined;
  let shown: Shown = core.state;
  /** The instance whose sign-in is under way, or which was assigned: it takes the claims that come next. */
  let heir: Instance | undefined;
  let promise: Promise<Instance> | undefined;

  /** The promise of the current instance. A rejection that nobody handles raises nothing. */
  function ask() {
    const { state } = core;
    if (!promise) {
      if (state.name === 'authenticated') promise = Promise.resolve(instance as Instance);
      else promise = 'error' in state ? Promise.reject(state.error) : connection.get();
      promise.catch(() => {});
    }
    return promise;
  }

  core.changed = () => {
    const state: Shown = core.state;
    const { name, claims } = state;
    const before = instance;
    promise = undefined;
    // A sign-in that failed leads back to the very state that was there before it.
    if (name !== 'authenticating' && state !== shown) {
      if (!claims) instance = name === 'unknown' ? undefined : null;
      else if (heir || claims !== shown.claims) {
        // The same subject keeps its instance, so that bindings stay. Another one never gets it.
        const same = claims.sub !== undefined && claims.sub === shown.claims?.sub && before;
        instance = heir ?? (same || new Type());
        hydrate(instance, claims, kept);
        known.add(instance);
      }
      shown = state;
    }
    if (name !== 'authenticating') heir = undefined;
    if (instance !== before) current.set(instance);
    changes.set(name);
  };

  const statics = {
    get current() {
      if (instance === undefined) ask();
      return current.get();
    },
    set current(next) {
      if (process.env.NODE_ENV !== 'production') demand(!next || next instanceof Type, 'config/type');
      heir = next ?? undefined;
      core.assume(next ? canReflect.serialize(next) : undefined);
    },
    get currentPromise() {
      return ask();
    },
    get saving() {
      changes.get();
      return heir;
    },
    get state() {
      changes.get();
      // Whoever is told of `current` first must not read a state that is over.
      return core.state;
    },
  };
  Object.defineProperties(Type, Object.getOwnPropertyDescriptors(statics));

  Object.assign(connection, {
    // Each save is a sign-in: can-connect updates what has an identity.
    id: () => undefined,
    isNew: (one) => !known.has(one),

    // Sessions stand in no list, so there is nothing for real-time to add to or to remove from.
    createdData: (data) => data,
    destroyedData: (data) => data,
    // The instance holds its claims already; what is left is the event.
    createdInstance: (created) => createdInstance.call(connection, created, null),

    async get(query) {
      if (!core.holds()) await connection.getData(query);
      return ask();
    },

    async save(one) {
      heir = one;
      try {
        return await save.call(connection, one);
      } catch (error) {
        // Where a later sign-in took its place, that one has named the next heir, perhaps this same instance.
        if (heir === one && (error as { code?: string }).code !== 'session/superseded') heir = undefined;
        wipe(one, 'password');
        throw error;
      }
    },

    async destroy(one) {
      const ending = instance;
      // The instance of an earlier user must not sign out the present one.
      if (!one || one === ending || !known.has(one)) {
        await connection.destroyData({});
        if (ending) await destroy.call(connection, ending);
      }
      return one ?? ending;
    },
  } satisfies Partial<Connection>);

  // can/map drops a promise of its own making here, whose rejection nobody could ever handle.
  for (const method of ['save', 'destroy'] as const) {
    Type.prototype[method] = function (this: Instance, ...callbacks: [Callback?, Callback?]) {
      const done: Promise<unknown> = connection[method](this);
      if (callbacks.length) done.then(...callbacks);
      return done;
    };
  }
}
