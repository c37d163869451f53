/** Why signing in failed, for the person who tried. @type {Record<string, string>} */
const failures = {
  'credentials/wrong': 'That user name and password do not go together. Please try again.',
  'credentials/missing': 'Please enter both your user name and your password.',
  'network/failed': 'The server cannot be reached. Check your connection, then try again.',
  'request/rate': 'Too many people are signing in at this moment. Please wait a little, then try again.',
  'server/failed': 'Something went wrong on the server. Please try again in a moment.',
  'store/unavailable': 'The server cannot look after sessions just now. Please try again in a moment.',
};

/** Why a session is over. @type {Record<string, string>} */
const endings = {
  'signed-out': 'You have signed out.',
  expired: 'Your session has expired. Please sign in again.',
  absolute: 'Your session has expired. Please sign in again.',
  revoked: 'Your session was ended by an administrator, or by yourself elsewhere. Please sign in again.',
  'storage-cleared': 'This tab no longer holds your session. Please sign in again.',
  tampered: 'What this tab held was not a session any more. Please sign in again.',
};

/** @param {{ code?: string }} error */
export function whyNotSignedIn({ code = 'no code' }) {
  return failures[code] ?? `Signing in did not work (${code}).`;
}

/** @param {import('can-connect-session').SessionState} state */
export function whyEnded(state) {
  if (state.name !== 'ended') return undefined;
  if (state.told === false) {
    return 'You are signed out here, but the server could not be told. Your session ends there when its time is up.';
  }
  return endings[state.reason] ?? 'Your session has ended. Please sign in again.';
}
