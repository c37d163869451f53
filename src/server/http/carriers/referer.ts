import { invalidOption, wholeNumber } from '../../core/options.js';
import { type Carrier, none } from '../carrier.js';

export interface RefererCarrierOptions {
  /** `Referer`, which a browser sends by itself, or `X-Referer`, which a script sends. Default `Referer`. */
  readonly name?: 'Referer' | 'X-Referer';
  /** Characters of a session's wire form, 1 to 512. Default 24: that of `starcounterIds`. */
  readonly length?: number;
}

/**
 * The last characters of a referer, whatever precedes them (SC-41): the page's address ends with its session. Starcounter's;
 * it needs ids that may stand in addresses, and whoever sees one of those can use it.
 */
export function refererCarrier({ name = 'Referer', length = 24 }: RefererCarrierOptions = {}): Carrier {
  if (name !== 'Referer' && name !== 'X-Referer') {
    throw invalidOption('The option name must be one of Referer, X-Referer.');
  }
  wholeNumber('length', length, 1, 512, 'characters');
  const lowerCase = name.toLowerCase();
  return {
    name: lowerCase,
    ambient: name === 'Referer',
    header: name,
    find(request, { idOf }) {
      const value = request.header(lowerCase);
      if (value === undefined || value.length < length) return none;
      const id = idOf(value.slice(-length));
      return id === undefined ? none : [id];
    },
  };
}
