import StacheElement from 'can-stache-element';
import type from 'can-type';

const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** Shows `Session.current.data.admin`, which the server gives to administrators, and in which it lists all sessions. */
export default class SessionList extends StacheElement {
  static view = `
    <section aria-labelledby="sessions">
      <h2 id="sessions" tabindex="-1">All sessions</h2>
      <p class="quiet">Only administrators have this page; in this demo, bob is one. Who comes and goes is seen at once.</p>
      <div class="tools">
        <p class="quiet">As of {{ this.timeOf(this.admin.asOf) }}</p>
        <button type="button" on:click="this.refresh()">Refresh</button>
      </div>
      <p class="unseen" role="status">{{ this.news }}</p>
      <ul class="sessions">
        {{# for(session of this.admin.sessions) }}
          <li class="card">
            <h3>{{ session.user }}</h3>
            <p class="quiet">{{ session.device }}</p>
            <dl>
              <div><dt>Created</dt><dd>{{ this.timeOf(session.created) }}</dd></div>
              <div><dt>Last active</dt><dd>{{ this.timeOf(session.lastActive) }}</dd></div>
              <div><dt>Expires</dt><dd>{{ this.timeOf(session.expires) }}</dd></div>
            </dl>
            {{# eq(session.id, this.own) }}
              <p class="this-one quiet">This session</p>
            {{ else }}
              <button type="button" on:click="this.end(session)" aria-label="End the session of {{ session.user }} on {{ session.device }}">End</button>
            {{/ eq }}
          </li>
        {{/ for }}
      </ul>
    </section>
  `;

  static props = {
    admin: type.Any,
    /** The id of the session of this page. */
    own: String,
    /** For who listens. */
    news: '',
  };

  timeOf(instant) {
    return time.format(instant);
  }

  refresh() {
    this.admin.refresh$ += 1;
  }

  /** The server asks again whether one may. */
  end({ id, user }) {
    this.admin.end$ = id;
    this.news = `The session of ${user} is ended.`;
    // The button goes with the session.
    this.querySelector('h2').focus();
  }
}
