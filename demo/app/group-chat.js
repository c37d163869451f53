import StacheElement from 'can-stache-element';
import type from 'can-type';

const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });

/** Shows `Session.current.data.chat`. The server hears where one goes and what one sends, and fills the rest. */
export default class GroupChat extends StacheElement {
  static view = `
    <section class="card" aria-labelledby="chat">
      <h2 id="chat">Group chat</h2>
      {{# if(this.chat) }}
        <div class="groups" role="group" aria-label="Groups">
          {{# for(group of this.chat.groups) }}
            <button type="button" on:click="this.go(group)" {{# if(this.isHere(group)) }}class="here"{{/ if }}>
              {{# if(this.isHere(group)) }}Leave{{ else }}Join{{/ if }} {{ group }}
            </button>
          {{/ for }}
        </div>
        <p class="quiet" role="status" aria-label="Who is there">{{ this.whoIsThere }}</p>
        {{# if(this.chat.group$) }}
          <div class="messages" role="log" aria-label="Messages" tabindex="0">
            <ol>
              {{# for(message of this.chat.messages) }}
                <li {{# eq(message.from, this.name) }}class="own"{{/ eq }}>
                  <b>{{ message.from }}</b> <time>{{ this.timeOf(message) }}</time>
                  <p>{{ message.text }}</p>
                </li>
              {{ else }}
                <li>Nobody has said anything yet.</li>
              {{/ for }}
            </ol>
          </div>
          <form class="say" on:submit="this.send(scope.event)">
            <label for="draft">Your message</label>
            <input id="draft" maxlength="500" autocomplete="off" on:input:value:bind="this.chat.draft$">
            <button class="main">Send</button>
          </form>
        {{/ if }}
      {{ else }}
        <p class="loading">Waiting for the server…</p>
      {{/ if }}
    </section>
  `;

  static props = {
    chat: type.Any,
    name: String,
  };

  get whoIsThere() {
    const { group$, people } = this.chat;
    if (group$ === '') return 'Join a group to read and write. Its members have all you say at once.';
    return people.length > 0 ? `In ${group$}: ${[...people].join(', ')}` : '';
  }

  get newest() {
    return this.chat?.messages.at(-1);
  }

  connected() {
    const show = () => {
      const box = this.querySelector('.messages');
      box?.scrollTo(0, box.scrollHeight);
    };
    show();
    this.listenTo('newest', show);
  }

  isHere(group) {
    return this.chat.group$ === group;
  }

  timeOf({ at }) {
    return time.format(at);
  }

  /** There, or nowhere. */
  go(group) {
    this.chat.group$ = this.isHere(group) ? '' : group;
  }

  /** The server empties the draft when it has sent it. */
  send(event) {
    event.preventDefault();
    if (this.chat.draft$.trim() !== '') this.chat.send$ += 1;
  }
}
