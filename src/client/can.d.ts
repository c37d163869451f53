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
    setKeyValue(target: object, key: string, value: unknown): void;
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
