import { diffJson } from '../../../protocol/diff.js';
import type { Json } from '../../../protocol/messages.js';
import type { LiveDocument } from './document.js';

/** Changes a document into another, by as little as that takes: for what was stored without it. Costs as much as both are large. */
export function reconcile(document: LiveDocument<object>, to: Json): void {
  for (const change of diffJson(document.get([]) ?? null, to)) document.apply(change);
}
