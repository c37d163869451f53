import { invalidOption } from '../../core/options.js';
import { type Carrier, none } from '../carrier.js';

export interface UriCarrierOptions {
  /** What stands before the session in a path, with a slash at both ends. Default `/__default/` (SC-04). */
  readonly prefix?: string;
  /** Whether a new session is told by the headers `Location` and `X-Location` (SC-51, SC-54). Default true. */
  readonly announce?: boolean;
}

/**
 * A part of the path: `/__default/D11C498A1A5F64ABD0000010`. Starcounter's; such addresses end up in histories and logs, and
 * whoever sees one can use it. An address whose session is over leads nowhere: 404.
 */
export function uriCarrier({ prefix = '/__default/', announce = true }: UriCarrierOptions = {}): Carrier {
  if (!/^\/((?!\.{1,2}\/)[\w.~-]+\/)+$/.test(prefix)) {
    throw invalidOption(
      'The option prefix must be a path that begins and ends with a slash, such as /__default/.',
    );
  }
  const carrier: Carrier = {
    name: 'uri',
    ambient: false,
    header: undefined,
    required: true,
    find({ url }, { idOf }) {
      if (!url.startsWith(prefix)) return none;
      const id = idOf(/^[^/?]*/.exec(url.slice(prefix.length))?.[0] ?? '');
      return id === undefined ? none : [id];
    },
  };
  if (!announce) return carrier;
  return {
    ...carrier,
    // The same text in both: clients read the second first (PAL-01), and neither is decoded (PAL-03).
    announce: ({ wire }) => ({ location: prefix + wire, 'x-location': prefix + wire }),
  };
}
