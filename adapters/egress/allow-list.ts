import ipaddr from 'ipaddr.js';

/** Destinations that may be called although they are not public https (EXT-6). Closed unless the installation opens it. */
export interface AllowList {
  /** True for `host:port` entries: that name on that port, wherever it resolves to. */
  hasName(host: string, port: number): boolean;
  /** True for `ip:port` and `cidr:port` entries: that address on that port, under whatever name. */
  hasAddress(address: string, port: number): boolean;
  /** True where some address entry has this port, so that only the resolved address can decide. */
  hasAddressesOn(port: number): boolean;
}

/**
 * Reads entries of the form `host:port`, `10.0.0.7:8080`, `10.0.0.0/8:8080`, `[fd00::1]:8080`, `[fd00::/8]:8080`.
 * Throws an Error that names an entry it cannot read.
 */
export function readAllowList(entries: readonly string[]): AllowList {
  const names = new Set<string>();
  const ranges: { range: [ipaddr.IPv4 | ipaddr.IPv6, number]; port: number }[] = [];
  for (const entry of entries) {
    const { host, port } = split(entry);
    if (ipaddr.isValidCIDR(host)) ranges.push({ range: ipaddr.parseCIDR(host), port });
    else if (host.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(host)) {
      const address = ipaddr.parse(host);
      ranges.push({ range: [address, address.kind() === 'ipv4' ? 32 : 128], port });
    } else names.add(`${host}:${port}`);
  }
  return {
    hasName: (host, port) => names.has(`${host}:${port}`),
    hasAddressesOn: (port) => ranges.some((entry) => entry.port === port),
    hasAddress(address, port) {
      if (!ipaddr.isValid(address)) return false;
      // Turns ::ffff:10.0.0.1 into 10.0.0.1, so that both spellings meet the same entry.
      const parsed = ipaddr.process(address);
      return ranges.some(
        (entry) =>
          entry.port === port && entry.range[0].kind() === parsed.kind() && parsed.match(entry.range),
      );
    },
  };
}

function split(entry: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-f:./]+)\]|([a-z0-9._/-]+)):(\d{1,5})$/i.exec(entry.trim());
  const host = (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
  const port = Number(match?.[3]);
  const isRange = host !== undefined && (host.includes('/') || match?.[1] !== undefined);
  const readable = host !== undefined && (!isRange || ipaddr.isValidCIDR(host) || ipaddr.isValid(host));
  if (!readable || port < 1 || port > 65_535)
    throw new Error(
      `the egress allow-list has an entry that is not host:port, ip:port or cidr:port: ${entry}`,
    );
  return { host, port };
}
