import connect from 'can-connect';
import canMap from 'can-connect/can/map/map.js';
import canRef from 'can-connect/can/ref/ref.js';
import callbacksOnce from 'can-connect/constructor/callbacks-once/callbacks-once.js';
import construct from 'can-connect/constructor/constructor.js';
import constructStore from 'can-connect/constructor/store/store.js';
import dataCallbacks from 'can-connect/data/callbacks/callbacks.js';
import dataParse from 'can-connect/data/parse/parse.js';
import realtime from 'can-connect/real-time/real-time.js';
import DefineList from 'can-define/list/list.js';
import DefineMap from 'can-define/map/map.js';
import ObservableObject from 'can-observable-object';
import type from 'can-type';
import sessionBehavior, { connectSession, type SessionOptions, type SessionType } from '../../src/index.js';

/** A Session type as an app would declare and connect it. */
export type Model = (options?: SessionOptions) => SessionType;

/** The guide's nine behaviors, in the guide's order. */
export const nineBehaviors = [
  sessionBehavior,
  construct,
  canMap,
  canRef,
  constructStore,
  dataCallbacks,
  dataParse,
  realtime,
  callbacksOnce,
];

/** The guide's model: a sealed DefineMap whose identity is `exp`. */
export function guideModel() {
  const Session = DefineMap.extend('Session', { exp: { type: 'any', identity: true } });
  Session.List = DefineList.extend({ '#': Session });
  return Session;
}

/** A model with strict types that declares the form's fields too, and nothing of the rest. */
export function strictModel() {
  return class Session extends ObservableObject {
    static get props() {
      return { exp: { type: type.Any, identity: true }, username: String, password: String };
    }
  };
}

/** The same, refusing whatever it does not declare. */
function sealedModel() {
  const Session = strictModel();
  Object.defineProperty(Session, 'seal', { value: true });
  return Session;
}

export function connectNine(Session: typeof DefineMap, options: object = {}, behaviors = nineBehaviors) {
  Session.connection = connect(behaviors, { Map: Session, List: Session.List, name: 'session', ...options });
  return Session as SessionType;
}

/** Every way of declaring and connecting a session that is promised to work. */
export const models: Record<string, Model> = {
  'DefineMap with nine behaviors': (options) => connectNine(guideModel(), options),
  'DefineMap with connectSession': (options) => connectSession({ Map: guideModel(), ...options }),
  'ObservableObject with nine behaviors': (options) => connectNine(strictModel(), options),
  'ObservableObject with connectSession': (options) =>
    connectSession({ ObjectType: strictModel(), ...options }),
  'sealed ObservableObject with connectSession': (options) =>
    connectSession({ ObjectType: sealedModel(), ...options }),
};
