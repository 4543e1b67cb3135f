import { readFileSync } from 'node:fs';
import type { Config } from '../../config.ts';

export type TemporalConfig = Config['temporal'];

export interface ConnectionSettings {
  address: string;
  apiKey?: string;
  tls?: { clientCertPair: { crt: Buffer; key: Buffer } } | true;
}

/** What client and worker connections have in common: mTLS with a certificate, TLS with an API key, else neither. */
export function connectionSettings(config: TemporalConfig): ConnectionSettings {
  if (config.tlsCert !== null && config.tlsKey !== null) {
    const clientCertPair = { crt: readFileSync(config.tlsCert), key: readFileSync(config.tlsKey) };
    return { address: config.address, tls: { clientCertPair } };
  }
  if (config.apiKey !== null) return { address: config.address, apiKey: config.apiKey, tls: true };
  return { address: config.address };
}
