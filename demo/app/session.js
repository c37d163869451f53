import { connectSession } from 'can-connect-session';
import ObservableObject from 'can-observable-object';

/** What the app knows of a signed-in user: the claims of the token that it uses, and what it makes of them. */
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
export default connectSession({ ObjectType: Session, verify: true });
