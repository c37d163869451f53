import GroupChat from './group-chat.js';
import PersonForm from './person-form.js';
import Session from './session.js';
import SessionDemo from './session-demo.js';
import SessionList from './session-list.js';
import SignInForm from './sign-in-form.js';
import SignedInPage from './signed-in-page.js';
import YourSession from './your-session.js';

customElements.define('group-chat', GroupChat);
customElements.define('person-form', PersonForm);
customElements.define('session-list', SessionList);
customElements.define('your-session', YourSession);
customElements.define('sign-in-form', SignInForm);
customElements.define('signed-in-page', SignedInPage);
customElements.define('session-demo', SessionDemo);

/** Whoever comes back to this page, from another tab or with the Back button, may find that the session has ended. */
function askAgain() {
  // A rejection means that nobody is signed in, and then Session.state says why.
  Session.get().catch(() => {});
}

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') askAgain();
});
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) askAgain();
});
