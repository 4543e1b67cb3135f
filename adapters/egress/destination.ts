import { isIP } from 'node:net';
import type { AllowList } from './allow-list.ts';
import { EgressFailure } from './egress-failure.ts';
import { isPublicAddress } from './public-address.ts';

/** Where a URL leads, and the question to ask about every address its name resolves to. */
export interface Destination {
  origin: string;
  /** Path and query, as they go on the wire. */
  path: string;
  mayConnect(address: string): boolean;
}

/** Names that lead to machine secrets or back into the house; a name is a second belt, the address decides. */
const INNER_NAMES =
  /^(localhost|metadata|metadata\.goog|instance-data|kubernetes(\.default(\.svc)?)?)$|\.(localhost|local|localdomain|internal|home\.arpa)$/;

/**
 * Judges a URL before anything is done with it (EXT-6): https on 443 to a public address, or what the allow-list
 * names. The URL parser has by then turned every spelling of an IPv4 address (decimal, hex, octal, short,
 * circled digits) into four decimal parts, so a literal is judged here and a name at its connection.
 * @throws EgressFailure `bad_url` or `blocked_destination`; nothing has been looked up or opened.
 */
export function judgeDestination(url: string, allowed: AllowList): Destination {
  if (!URL.canParse(url)) throw new EgressFailure('bad_url', 'unreadable');
  const parsed = new URL(url);
  const secure = parsed.protocol === 'https:';
  if (!secure && parsed.protocol !== 'http:') throw new EgressFailure('bad_url', 'scheme');
  if (parsed.username !== '' || parsed.password !== '') throw new EgressFailure('bad_url', 'credentials');

  const host = parsed.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const port = parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port);
  const anyPublic = secure && port === 443;
  const mayConnect = (address: string) =>
    (anyPublic && isPublicAddress(address)) || allowed.hasAddress(address, port);
  const destination = { origin: parsed.origin, path: parsed.pathname + parsed.search, mayConnect };

  if (allowed.hasName(host, port)) return { ...destination, mayConnect: () => true };
  if (!anyPublic && !allowed.hasAddressesOn(port))
    throw new EgressFailure('blocked_destination', secure ? 'port' : 'scheme');
  if (isIP(host) !== 0) {
    if (!mayConnect(host)) throw new EgressFailure('blocked_destination', 'address');
  } else if (INNER_NAMES.test(host) && !allowed.hasAddressesOn(port))
    throw new EgressFailure('blocked_destination', 'name');
  return destination;
}
