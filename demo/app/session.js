import { connectSession } from 'can-connect-session';
import { live } from 'can-connect-session/live';
// What the server keeps for the page has lists, which are to be observable too.
import 'can-observable-array';
import ObservableObject from 'can-observable-object';

/**
 * What the app knows of a signed-in user: the claims of the token that it uses, what it makes of them, and `data`, which is
 * the same here and on the server.
 */
class Session extends ObservableObject {
  static props = {
    sub: String,
    iat: Number,
    exp: Number,
  };

  get name() {
    return this.sub.charAt(0).toUpperCase() + this.sub.slice(1);
  }

  /** Milliseconds, like every other time of the app. */
  get begunAt() {
    return this.iat * 1000;
  }

  get expiresAt() {
    return this.exp * 1000;
  }
}

// With `verify`, get() also asks the server, which knows when a session was ended elsewhere.
export default connectSession({ ObjectType: Session, verify: true, parts: [live()] });
