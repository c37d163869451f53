import StacheElement from 'can-stache-element';
import Session from './session.js';

const titles = {
  loading: () => 'Session demo',
  'signed-out': () => 'Sign in · Session demo',
  'signed-in': () => `${Session.current.name} · Session demo`,
};

/** Shows the page that goes with Session.current. */
export default class SessionDemo extends StacheElement {
  static view = `
    {{# eq(this.page, 'loading') }}
      <p class="loading" role="status">Looking for your session…</p>
    {{/ eq }}
    {{# eq(this.page, 'signed-out') }}
      <sign-in-form></sign-in-form>
    {{/ eq }}
    {{# if(this.session) }}
      <signed-in-page session:from="this.session"></signed-in-page>
    {{/ if }}
  `;

  /** Reading it for the first time asks whether somebody is signed in. Undefined until that is known. */
  get session() {
    return Session.current;
  }

  get page() {
    if (this.session === undefined) return 'loading';
    return this.session === null ? 'signed-out' : 'signed-in';
  }

  connected() {
    this.listenTo('page', ({ value: page }, before) => {
      document.title = titles[page]();
      // Whoever cannot see the page change hears it. On arrival the browser says where one is.
      if (before !== 'loading') this.querySelector('h1').focus();
    });
  }
}
