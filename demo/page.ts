import { isAdmin, type Role } from './roles.js';

/** What each session of the demo keeps. The browser has the same; it may set what ends in `$`. */
export interface Page {
  readonly person: PersonView;
  readonly chat: ChatPage;
  /** Of administrators only. */
  readonly admin?: AdminPage;
}

export interface PersonView {
  FirstName$: string;
  LastName$: string;
  Message: string;
}

export interface ChatPage {
  /** Where one can go. */
  readonly groups: readonly string[];
  /** Where one is; empty = nowhere. */
  group$: string;
  /** Who is there. */
  people: readonly string[];
  messages: ChatMessage[];
  draft$: string;
  /** Goes up by one to send the draft. It stands behind it: what changes in one turn is sent in this order. */
  send$: number;
}

export interface ChatMessage {
  readonly from: string;
  readonly text: string;
  /** Milliseconds since the epoch, as all times. */
  readonly at: number;
}

export interface AdminPage {
  readonly sessions: SessionRow[];
  /** When the list was made. */
  asOf: number;
  /** Goes up by one to make it anew. */
  refresh$: number;
  /** The id of a session, to end it. */
  end$: string;
}

export interface SessionRow {
  readonly id: string;
  readonly user: string;
  readonly device: string;
  readonly created: number;
  lastActive: number;
  readonly expires: number;
}

export const groups = ['Tea', 'Music', 'Games'];

/** What the session of somebody who signs in begins with. */
export function newPage(user: Role): Page {
  return {
    person: { FirstName$: '', LastName$: '', Message: '' },
    chat: { groups, group$: '', people: [], messages: [], draft$: '', send$: 0 },
    ...(isAdmin(user) && { admin: { sessions: [], asOf: 0, refresh$: 0, end$: '' } }),
  };
}
