import ipaddr from 'ipaddr.js';

/** Azure's wire server: answers with machine secrets, yet lies in public space. */
const WIRE_SERVER = '168.63.129.16';
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/**
 * Whether an address, as a resolver or a canonical URL spells it, belongs to the public internet (EXT-6).
 * Forms that carry an IPv4 address inside (mapped, NAT64) are judged by the address inside; 6to4, Teredo and
 * every other tunnel, translation or reserved range is not public. What cannot be parsed is not public.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv4) return isPublicV4(parsed);
  if (parsed.isIPv4MappedAddress()) return isPublicV4(parsed.toIPv4Address());
  if (parsed.match(NAT64)) return isPublicV4(new ipaddr.IPv4(parsed.toByteArray().slice(12)));
  // `range` alone calls ::7f00:1 unicast, the old way to write 127.0.0.1.
  return parsed.range() === 'unicast' && parsed.match(GLOBAL_UNICAST);
}

function isPublicV4(address: ipaddr.IPv4): boolean {
  return address.range() === 'unicast' && address.toString() !== WIRE_SERVER;
}
