import type { Input, LiveSessions } from 'can-connect-session/server';
import type { Page } from './page.js';

const longestName = 40;

/** The person form: with each key stroke in one of the two fields, the server makes the message. */
export function openPerson(live: LiveSessions<Page>): void {
  live.onInput('/person/FirstName$', (input, { data: { person } }) => {
    person.Message = greeting(nameIn(input), person.LastName$);
  });
  live.onInput('/person/LastName$', (input, { data: { person } }) => {
    person.Message = greeting(person.FirstName$, nameIn(input));
  });
}

/** The value has not been set yet: what is assigned here is what will be. */
function nameIn(input: Input): string {
  const name = String(input.value).slice(0, longestName);
  input.value = name;
  return name;
}

function greeting(first: string, last: string): string {
  const name = `${first.trim()} ${last.trim()}`.trim();
  return name === '' ? '' : `Hello, ${name}!`;
}
