/**
 * What we use of the CanJS packages, none of which ships types. Only this half's sources see these declarations: no
 * emitted declaration may mention them, since a consumer does not have them.
 */

declare module 'can-connect' {
  type Behavior = ((base: object) => object) & { readonly isBehavior: true; readonly behaviorName?: string };
  const connect: {
    (behaviors: readonly Behavior[], options: object): object;
    behavior<Base extends object>(name: string, make: (base: Base) => object): Behavior;
  };
  export default connect;
}

declare module 'can-connect/constructor/constructor.js' {
  import type connect from 'can-connect';

  const behavior: ReturnType<typeof connect.behavior>;
  export default behavior;
}

declare module 'can-connect/can/map/map.js' {
  import type connect from 'can-connect';

  const behavior: ReturnType<typeof connect.behavior>;
  export default behavior;
}

declare module 'can-ajax' {
  interface AjaxOptions {
    readonly url: string;
    readonly type: string;
    readonly data: object | undefined;
    readonly dataType: 'text';
    readonly crossDomain: false;
    readonly xhrFields: { readonly withCredentials: boolean };
    beforeSend(xhr: XMLHttpRequest): void;
  }
  /** Settles with the text of the body, or with the XMLHttpRequest where the body is empty. */
  export default function ajax(options: AjaxOptions): Promise<unknown>;
}

declare module 'can-reflect' {
  const canReflect: {
    defineInstanceKey(type: object, key: string, descriptor: PropertyDescriptor): void;
    setKeyValue(target: object, key: string | number, value: unknown): void;
    getKeyValue(target: object, key: string | number): unknown;
    deleteKeyValue(target: object, key: string | number): void;
    isObservableLike(value: unknown): boolean;
    isListLike(value: unknown): boolean;
    serialize(value: object): Record<string, unknown>;
  };
  export default canReflect;
}

declare module 'can-simple-observable' {
  export default class SimpleObservable<T> {
    constructor(initial: T);
    /** Reading through `get` or `value` subscribes the observation that is running. */
    get(): T;
    set(value: T): void;
    value: T;
  }
}

declare module 'can-queues' {
  const queues: {
    /** What is set until `stop` is told as one. */
    readonly batch: { start(): void; stop(): void };
  };
  export default queues;
}

declare module 'can-observation' {
  /** A function whose observables are watched, and that is called again when one of them changed. */
  export default class Observation<T> {
    constructor(read: () => T);
    get(): T;
    on(handler: (value: T) => void): void;
    off(handler: (value: T) => void): void;
  }
}

declare module 'can-namespace' {
  /** What the app has loaded of CanJS, by name. */
  const namespace: {
    readonly ObservableObject?: new (props?: object) => object;
    readonly ObservableArray?: new (items?: readonly unknown[]) => object;
  };
  export default namespace;
}
