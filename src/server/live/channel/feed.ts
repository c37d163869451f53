import type { Change, Path } from '../../../protocol/change.js';
import { SessionError } from '../../../protocol/errors.js';
import { isJsonObject } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';
import { clientVersionKey, serverVersionKey } from '../../../protocol/versions.js';
import { yesOrNo } from '../../core/options.js';
import type { EarlyBytes } from './early-patches.js';
import { History, type HistoryOptions } from './history.js';
import type { Namespaces } from './namespaces.js';

/** What this layer needs of a document. */
export interface FollowedDocument {
  /** What is at a path, not to be changed or kept; undefined when nothing is. */
  get(path: Path): Json | undefined;
  /** Carries out one change, whose place is there. May take another value, or none. */
  apply(change: Change): void;
  /** What happened since this was last asked, in its order. */
  take(): readonly Change[];
}

export interface FeedOptions {
  /** Whether patches are numbered on both sides (SC-95). Default false, as in the source. */
  readonly versioning?: boolean;
  /** Where the JSON of which app hangs. Default: nowhere. */
  readonly namespaces?: Namespaces | undefined;
  readonly history?: Omit<HistoryOptions, 'encode'>;
}

/** One document as its followers see it, and what of it can be shared by all of them. */
export class Feed {
  readonly history: History;
  readonly versioning: boolean;
  readonly namespaces: Namespaces | undefined;
  /** What all followers sent before its turn. */
  readonly early: EarlyBytes = { bytes: 0 };
  #tree: { readonly step: number; readonly text: string } | undefined;
  #patch:
    | { readonly client: number; readonly server: number; readonly operations: string; readonly text: string }
    | undefined;

  /** Throws `config/invalid`. */
  constructor(
    readonly document: FollowedDocument,
    { versioning = false, namespaces, history }: FeedOptions = {},
  ) {
    this.versioning = yesOrNo('versioning', versioning);
    this.namespaces = namespaces;
    this.history = new History({ ...history, encode: (change) => this.encoded(change) });
  }

  /** Records what happened to the document since the last time. */
  catchUp(): void {
    for (const change of this.document.take()) this.history.record(change);
  }

  /** Whether clients never see a place: it has the name of a version. */
  hides(path: Path): boolean {
    return this.versioning && (path[0] === clientVersionKey || path[0] === serverVersionKey);
  }

  /** A change as clients see it; undefined when they do not. */
  encoded(change: Change): Change | undefined {
    if (this.hides(change.path)) return undefined;
    return this.namespaces === undefined ? change : this.namespaces.outward(change, this.document.get([]));
  }

  /**
   * The document as clients see it, as JSON, with the two versions in front (SC-62). Made once for all who ask before it
   * changes. Throws `request/not-found` (404) when there is no document, and `config/type` when it is no object and so has
   * no room for versions.
   */
  tree(client: number, server: number): string {
    this.catchUp();
    const { step } = this.history;
    if (this.#tree?.step !== step) this.#tree = { step, text: JSON.stringify(this.#visible()) };
    const { text } = this.#tree;
    if (!this.versioning) return text;
    const versions = `{"${clientVersionKey}":${client},"${serverVersionKey}":${server}`;
    return text === '{}' ? `${versions}}` : `${versions},${text.slice(1)}`;
  }

  /** A patch with these operations, as JSON. Written once for all followers who are as far as each other. */
  patch(client: number, server: number, operations: string): string {
    if (!this.versioning) return `[${operations}]`;
    const last = this.#patch;
    if (last?.client === client && last.server === server && last.operations === operations) return last.text;
    const versions =
      `{"op":"replace","path":"/${serverVersionKey}","value":${server}},` +
      `{"op":"test","path":"/${clientVersionKey}","value":${client}}`;
    const text = operations === '' ? `[${versions}]` : `[${versions},${operations}]`;
    this.#patch = { client, server, operations, text };
    return text;
  }

  #visible(): Json {
    const root = this.document.get([]);
    if (root === undefined) {
      throw new SessionError('request/not-found', {
        status: 404,
        message: 'Session does not contain any state',
      });
    }
    const tree = this.namespaces?.wrapped([], root, root) ?? root;
    if (!this.versioning) return tree;
    if (!isJsonObject(tree)) {
      throw new SessionError('config/type', { message: 'A document with versions must be an object.' });
    }
    if (!Object.keys(tree).some((key) => this.hides([key]))) return tree;
    return Object.fromEntries(Object.entries(tree).filter(([key]) => !this.hides([key])));
  }
}
