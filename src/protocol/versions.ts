/** Key of the client's version in the document's root, as the wire shows it (SC-62). */
export const clientVersionKey = '_ver#c$';
/** Key of the server's version. */
export const serverVersionKey = '_ver#s';
