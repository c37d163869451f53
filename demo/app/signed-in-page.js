import StacheElement from 'can-stache-element';
import type from 'can-type';
import Session from './session.js';

/** By the fragment of the address. */
const pages = [
  { name: 'session', title: 'Session' },
  { name: 'person', title: 'Person' },
  { name: 'chat', title: 'Chat' },
  { name: 'sessions', title: 'All sessions' },
];

const statusWords = {
  connected: 'Connected',
  reconnecting: 'Reconnecting…',
  offline: 'Offline',
};

export default class SignedInPage extends StacheElement {
  static view = `
    <div class="greeting">
      <h1 tabindex="-1">Hello, {{ this.session.name }}</h1>
      <button type="button" on:click="this.signOut()">Log out</button>
    </div>
    <p class="status {{ this.status }}" role="status" aria-label="Connection">{{ this.statusWords }}</p>
    {{# if(this.warning) }}<p class="notice" role="status">{{ this.warning }}</p>{{/ if }}

    <nav aria-label="Pages">
      {{# for(page of this.pages) }}
        <a href="#{{ page.name }}" {{# eq(page.name, this.page) }}aria-current="page"{{/ eq }}>{{ page.title }}</a>
      {{/ for }}
    </nav>

    {{# eq(this.page, 'session') }}
      <your-session session:from="this.session" now:from="this.now"></your-session>
    {{/ eq }}
    {{# eq(this.page, 'person') }}
      <person-form person:from="this.session.data.person"></person-form>
    {{/ eq }}
    {{# eq(this.page, 'chat') }}
      <group-chat chat:from="this.session.data.chat" name:from="this.session.name"></group-chat>
    {{/ eq }}
    {{# eq(this.page, 'sessions') }}
      <session-list admin:from="this.session.data.admin" own:from="this.session.sid"></session-list>
    {{/ eq }}
  `;

  static props = {
    session: type.Any,
    now: {
      type: Number,
      get default() {
        return Date.now();
      },
    },
    fragment: {
      type: String,
      get default() {
        return location.hash.slice(1);
      },
    },
  };

  /** The server gives the part of the document that the last page shows to administrators only. */
  get pages() {
    return this.session.data?.admin ? pages : pages.slice(0, -1);
  }

  get page() {
    return this.pages.find(({ name }) => name === this.fragment)?.name ?? 'session';
  }

  get status() {
    return Session.connection.live.status;
  }

  get statusWords() {
    return statusWords[this.status];
  }

  get warning() {
    const { stale, persisted } = Session.state;
    if (stale) return 'The server cannot be reached just now. This is what it said last.';
    if (persisted === false) return 'This browser stores nothing for this page: a reload signs you out.';
    return undefined;
  }

  connected() {
    const turn = () => {
      this.fragment = location.hash.slice(1);
    };
    const timer = setInterval(() => {
      this.now = Date.now();
      // Asked when the time is up, the session finds out by itself that it has expired.
      if (this.now >= this.session.expiresAt) Session.get().catch(() => {});
    }, 1000);
    addEventListener('hashchange', turn);
    return () => {
      clearInterval(timer);
      removeEventListener('hashchange', turn);
    };
  }

  signOut() {
    Session.connection.destroy();
  }
}
