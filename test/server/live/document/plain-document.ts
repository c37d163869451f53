import { type Change, pointerOf } from '../../../../src/protocol/change.js';
import { valueAt } from '../../../../src/protocol/json.js';
import type { Json } from '../../../../src/protocol/messages.js';
import { applyPatch } from '../../../../src/protocol/patch.js';
import type { FollowedDocument } from '../../../../src/server/live/channel/feed.js';
import { createDocument } from '../../../../src/server/live/document/document.js';

/** A document that the tests of this folder can change. */
export interface ChangedDocument extends FollowedDocument {
  readonly root: Json | undefined;
  /** Changes by the server, one after the other. */
  change(...changes: readonly (readonly [op: Change['op'], path: Change['path'], value?: Json])[]): void;
}

/** The real document. Its changes come in the order and the number in which it tells them. */
export function trackedDocument(initial: Json): ChangedDocument {
  const document = createDocument(initial, { fresh: false });
  return {
    get root() {
      return document.toJSON();
    },
    get: (path) => document.get(path),
    apply: (change) => document.apply(change),
    take: () => document.take(),
    change(...changes) {
      for (const [op, path, value] of changes)
        document.apply(value === undefined ? { op, path } : { op, path, value });
    },
  };
}

/** The smallest document that can be followed: every change makes a new tree and is recorded as it was asked for. */
export class PlainDocument implements ChangedDocument {
  #changes: Change[] = [];

  constructor(public root: Json | undefined) {}

  apply(change: Change): void {
    const { op, path, value } = change;
    if (path.length === 0) this.root = value;
    else {
      const place = pointerOf(path);
      const operation = value === undefined ? { op, path: place } : { op, path: place, value };
      const next = applyPatch(this.root ?? null, [operation], { depth: 1000 });
      // A member that stays what it is was not changed.
      if (JSON.stringify(next) === JSON.stringify(this.root) && op !== 'add') return;
      this.root = next;
    }
    this.#changes.push(change);
  }

  /** Changes by the server, one after the other. */
  change(...changes: readonly (readonly [op: Change['op'], path: Change['path'], value?: Json])[]): void {
    for (const [op, path, value] of changes)
      this.apply(value === undefined ? { op, path } : { op, path, value });
  }

  get(path: Change['path']): Json | undefined {
    return valueAt(this.root, path);
  }

  take(): readonly Change[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }
}
