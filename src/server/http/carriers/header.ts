import { invalidOption } from '../../core/options.js';
import { type Carrier, none } from '../carrier.js';

export interface HeaderCarrierOptions {
  /** Name of the header, in any case: words with dashes between, 64 characters at most. Default `X-Session-Id` (FOXX-74). */
  readonly name?: string;
}

/** Two words at least: so it is neither a header such as Cookie or Host nor anything that every object has. */
const possible = /^(?=.{3,64}$)[a-z\d]+(-[a-z\d]+)+$/i;
/** What means something to browsers, servers and proxies, which a session must not be mistaken for. */
const taken =
  /^(accept|access-control|cache|clear|content|cross-origin|if|keep|last|max|proxy|retry|sec|set|strict|transfer|user|www|x-forwarded|x-frame)-/i;

/** A header that holds the session in both directions, as Foxx has it. A page has to send it on purpose. */
export function headerCarrier({ name = 'X-Session-Id' }: HeaderCarrierOptions = {}): Carrier {
  if (typeof name !== 'string' || !possible.test(name) || taken.test(name)) {
    throw invalidOption('The option name must be a header of your own, such as X-Session-Id.');
  }
  const lowerCase = name.toLowerCase();
  return {
    name: lowerCase,
    ambient: false,
    header: name,
    find(request, { idOf }) {
      const wire = request.header(lowerCase);
      const id = wire === undefined ? undefined : idOf(wire);
      return id === undefined ? none : [id];
    },
    announce: ({ wire }) => ({ [lowerCase]: wire }),
  };
}
