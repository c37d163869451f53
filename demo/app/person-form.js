import StacheElement from 'can-stache-element';
import type from 'can-type';

/** Fields bound to `Session.current.data.person`: each key stroke goes to the server, which makes the message. */
export default class PersonForm extends StacheElement {
  static view = `
    <section class="card" aria-labelledby="person">
      <h2 id="person">Who are you?</h2>
      {{# if(this.person) }}
        <form on:submit="scope.event.preventDefault()">
          <label for="first-name">First name</label>
          <input id="first-name" maxlength="40" autocomplete="off" on:input:value:bind="this.person.FirstName$">
          <label for="last-name">Last name</label>
          <input id="last-name" maxlength="40" autocomplete="off" on:input:value:bind="this.person.LastName$">
          <output class="message" for="first-name last-name">{{ this.person.Message }}</output>
        </form>
        <p class="quiet">
          <a href="#person" target="_blank" rel="opener">Open a second window</a> of this session, put it beside this one,
          and type in either.
        </p>
      {{ else }}
        <p class="loading">Waiting for the server…</p>
      {{/ if }}
    </section>
  `;

  static props = {
    person: type.Any,
  };
}
