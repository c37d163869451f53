import { invalidOption } from '../../core/options.js';
import { type Carrier, none } from '../carrier.js';

export interface HeaderCarrierOptions {
  /** Name of the header, in any case. Default `X-Session-Id` (FOXX-74). */
  readonly name?: string;
}

/** A header that holds the session in both directions, as Foxx has it. A page has to send it on purpose. */
export function headerCarrier({ name = 'X-Session-Id' }: HeaderCarrierOptions = {}): Carrier {
  if (!/^[\w-]{1,64}$/.test(name)) throw invalidOption('The option name must be the name of a header.');
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
