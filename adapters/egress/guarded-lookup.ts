import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { EgressFailure } from './egress-failure.ts';

/** `dns.lookup` as we call it; a test puts its own in place. May call back at once. */
export type Lookup = (
  hostname: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A look-up for sockets that answers only when every address of the name may be called. The socket connects to
 * exactly what is handed over here, so there is no second look-up that could say something else (DNS rebinding).
 * One bad address refuses the whole name: a mixed answer is how rebinding begins.
 */
export function guardLookup(lookup: Lookup, mayConnect: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const first = addresses[0];
      if (first === undefined) return callback(new EgressFailure('nothing_sent', 'ENOTFOUND'), '', 0);
      if (!addresses.every(({ address }) => mayConnect(address)))
        return callback(new EgressFailure('blocked_destination', 'address'), '', 0);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
