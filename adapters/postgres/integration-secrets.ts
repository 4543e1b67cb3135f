import type { Place, Secrets } from '../secrets/secrets.ts';

/** Seals the secrets of a channel integration for its row, each to its own name. */
export function seal(
  secrets: Secrets,
  integrationId: string,
  plain: Record<string, string>,
): Record<string, string> {
  return mapped(plain, (value, name) => secrets.seal(value, placeOfIntegrationSecret(integrationId, name)));
}

/** @throws Error when one was not sealed for this row and name, or with a key we do not have. */
export function openSealed(
  secrets: Secrets,
  integrationId: string,
  sealed: Record<string, string>,
): Record<string, string> {
  return mapped(sealed, (value, name) => secrets.open(value, placeOfIntegrationSecret(integrationId, name)));
}

export function placeOfIntegrationSecret(integrationId: string, name: string): Place {
  return { table: 'channel_integrations', row: integrationId, column: `secrets.${name}` };
}

function mapped(
  record: Record<string, string>,
  change: (value: string, name: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}
