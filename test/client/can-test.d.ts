/** CanJS as these tests use it: models and bindings, which ship no types. */

declare module 'can-define/map/map.js' {
  // biome-ignore lint/suspicious/noExplicitAny: a DefineMap is whatever a test makes of it
  const DefineMap: any;
  export default DefineMap;
}
declare module 'can-define/list/list.js' {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const DefineList: any;
  export default DefineList;
}
declare module 'can-observable-object' {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const ObservableObject: any;
  export default ObservableObject;
}
declare module 'can-type' {
  const type: {
    readonly Any: unknown;
    convert(type: unknown): unknown;
    maybeConvert(type: unknown): unknown;
  };
  export default type;
}
declare module 'can-connect/*' {
  import type connect from 'can-connect';

  const behavior: ReturnType<typeof connect.behavior>;
  export default behavior;
}
declare module 'can-observable-array' {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const ObservableArray: any;
  export default ObservableArray;
}
declare module 'can-stache-element' {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const StacheElement: any;
  export default StacheElement;
}
