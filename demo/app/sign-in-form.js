import StacheElement from 'can-stache-element';
import type from 'can-type';
import Session from './session.js';
import { whyEnded, whyNotSignedIn } from './words.js';

const demoUsers = [
  { username: 'ann', password: 'correct horse battery' },
  { username: 'bob', password: 'paper lantern orbit', role: 'administrator' },
];

export default class SignInForm extends StacheElement {
  static view = `
    <h1 tabindex="-1" aria-describedby="ending">Sign in</h1>
    <div id="ending" role="status">{{# if(this.ending) }}<p class="notice {{ this.tone }}">{{ this.ending }}</p>{{/ if }}</div>

    <form class="card" on:submit="this.signIn(scope.event)" aria-busy="{{ this.busy }}">
      <label for="username">User name</label>
      <input id="username" name="username" required autocomplete="username" autocapitalize="none" spellcheck="false"
        readonly:from="this.busy" aria-invalid="{{ this.wrong }}">
      <label for="password">Password</label>
      <input id="password" name="password" type="password" required autocomplete="current-password"
        readonly:from="this.busy" aria-invalid="{{ this.wrong }}" aria-describedby="problem">
      <div id="problem" role="alert">{{# if(this.problem) }}<p>{{ this.problem }}</p>{{/ if }}</div>
      <button name="submit" class="main" disabled:from="this.busy">{{# if(this.busy) }}Signing in…{{ else }}Sign in{{/ if }}</button>
    </form>

    <section class="hint" aria-labelledby="demo-users">
      <h2 id="demo-users">Two users to try</h2>
      <ul>
        {{# for(user of this.demoUsers) }}
          <li>
            <b>{{ user.username }}{{# if(user.role) }} <span class="role">{{ user.role }}</span>{{/ if }}</b>
            <code>{{ user.password }}</code>
            <button type="button" on:click="this.fillIn(user)" aria-label="Fill in {{ user.username }}">Fill in</button>
          </li>
        {{/ for }}
      </ul>
    </section>
  `;

  static props = {
    /** The error of the last attempt. */
    error: type.Any,
  };

  get demoUsers() {
    return demoUsers;
  }

  get busy() {
    return Session.saving !== undefined;
  }

  /** The state that a failed attempt leads back to. */
  get settled() {
    const { state } = Session;
    return state.name === 'authenticating' ? state.previous : state;
  }

  /** Why an earlier session is over, until something newer is to be said. */
  get ending() {
    return this.error ? undefined : whyEnded(this.settled);
  }

  /** What somebody asked for is no warning. */
  get tone() {
    return this.settled.reason === 'signed-out' && this.settled.told !== false ? 'calm' : '';
  }

  get problem() {
    return this.error && whyNotSignedIn(this.error);
  }

  get wrong() {
    return this.error?.code === 'credentials/wrong';
  }

  async signIn(event) {
    event.preventDefault();
    const { username, password } = this.fields();
    try {
      // The fields are read here and nowhere kept: the session that is saved forgets the password.
      await new Session({ username: username.value.trim(), password: password.value }).save();
    } catch (error) {
      // A later attempt has taken the place of this one, and will be heard of.
      if (error.code === 'session/superseded') return;
      this.fail(error);
    }
  }

  /** Says what is wrong, and puts the focus where it can be mended. */
  fail(error) {
    this.error = error;
    const { password, submit } = this.fields();
    if (!this.wrong) return submit.focus();
    password.value = '';
    password.focus();
  }

  fillIn(user) {
    const { username, password, submit } = this.fields();
    username.value = user.username;
    password.value = user.password;
    submit.focus();
  }

  fields() {
    const { username, password, submit } = this.querySelector('form').elements;
    return { username, password, submit };
  }
}
