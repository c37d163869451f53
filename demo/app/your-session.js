import StacheElement from 'can-stache-element';
import type from 'can-type';
import Session from './session.js';

/** What the claims are called by people (RFC 7519 §4.1; `sid` is OpenID's). */
const claimNames = {
  sub: 'User',
  sid: 'Session',
  iat: 'Signed in',
  exp: 'Expires',
  iss: 'Issuer',
  aud: 'Audience',
  jti: 'Token',
};

/** At these many seconds before the end somebody who listens is told: each second would be unbearable. */
const milestones = [
  [10, 'Ten seconds left.'],
  [60, 'One minute left.'],
  [300, 'Five minutes left.'],
];

const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** How long the session lasts, and what its token says. */
export default class YourSession extends StacheElement {
  static view = `
    <section class="card" aria-labelledby="time-left">
      <h2 id="time-left">Time left</h2>
      <p class="countdown" role="timer" aria-labelledby="time-left">{{ this.countdown }}</p>
      <progress aria-hidden="true" max:from="this.secondsInAll" value:from="this.secondsLeft"></progress>
      <p class="quiet">Your session ends at {{ this.endsAt }}.</p>
      <p class="unseen" role="status">{{ this.milestone }}</p>
    </section>

    <section aria-labelledby="claims">
      <h2 id="claims">What your token says</h2>
      <dl>
        {{# for(claim of this.claims) }}
          <div><dt>{{ claim.label }} <code>{{ claim.name }}</code></dt><dd>{{ claim.text }}</dd></div>
        {{/ for }}
      </dl>
    </section>
  `;

  static props = {
    session: type.Any,
    /** Milliseconds since the epoch. */
    now: Number,
  };

  get secondsInAll() {
    return Math.ceil((this.session.expiresAt - this.session.begunAt) / 1000);
  }

  /** Rounded up: 0:00 is not shown before it is true. */
  get secondsLeft() {
    return Math.max(0, Math.ceil((this.session.expiresAt - this.now) / 1000));
  }

  get countdown() {
    const [minutes, seconds] = [Math.floor(this.secondsLeft / 60), this.secondsLeft % 60];
    return [minutes, seconds].map((number) => String(number).padStart(2, '0')).join(':');
  }

  get milestone() {
    const [, words = ''] = milestones.find(([seconds]) => this.secondsLeft <= seconds) ?? [];
    return words;
  }

  get endsAt() {
    return time.format(this.session.expiresAt);
  }

  /** Each claim once, the well-known ones first. */
  get claims() {
    const { claims = {} } = Session.state;
    return Object.keys({ ...claimNames, ...claims })
      .filter((name) => name in claims)
      .map((name) => ({
        name,
        label: claimNames[name] ?? name,
        text:
          name === 'iat' || name === 'exp' ? dateAndTime.format(claims[name] * 1000) : String(claims[name]),
      }));
  }
}
