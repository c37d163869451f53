import type { Json } from 'can-connect-session/server';

/** As much of a user, or of a session, as says what they may do. */
export interface Role {
  readonly userData?: Json;
}

export function isAdmin({ userData }: Role): boolean {
  return (userData as { readonly role?: Json } | undefined)?.role === 'admin';
}

/** What people are called in the demo. */
export function nameOf(uid: string | null): string {
  return uid === null ? 'Nobody' : uid.charAt(0).toUpperCase() + uid.slice(1);
}
