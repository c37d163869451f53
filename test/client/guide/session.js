// The guide's ./models/session.js, word for word, but for the import of the session behavior.

// import the core behaviors needed by the connection
import connect from 'can-connect';
import canMap from 'can-connect/can/map/map';
import canRef from 'can-connect/can/ref/ref';
import callbacksOnce from 'can-connect/constructor/callbacks-once/callbacks-once';
import construct from 'can-connect/constructor/constructor';
import constructStore from 'can-connect/constructor/store/store';
import dataCallbacks from 'can-connect/data/callbacks/callbacks';
import dataParse from 'can-connect/data/parse/parse';
import realtime from 'can-connect/real-time/real-time';
// import the session behavior
import sessionBehavior from 'can-connect-session';
// import the observable class factories
import DefineList from 'can-define/list/list';
import DefineMap from 'can-define/map/map';

// define the Session class
const Session = DefineMap.extend('Session', {
  exp: { type: 'any', identity: true },
});

Session.List = DefineList.extend({
  '#': Session,
});

// create the session connection
Session.connection = connect(
  [
    // use the session behavior
    sessionBehavior,
    construct,
    canMap,
    canRef,
    constructStore,
    dataCallbacks,
    dataParse,
    realtime,
    callbacksOnce,
  ],
  {
    Map: Session,
    List: Session.List,
    name: 'session',
  },
);

export default Session;
