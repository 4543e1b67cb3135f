import type { ActionSecret } from '../../api/ports.ts';
import type { Place, Secrets } from '../secrets/secrets.ts';

/** The secrets of one version of an external action, by name, in the clear. Keep them out of logs. */
export type ActionSecrets = Partial<Record<ActionSecret, string>>;

/**
 * Seals the secrets of one version of an external action for its row of `external_action_versions`: the place is
 * `{table: 'external_action_versions', row: '<action id>:<version>', column: 'secrets.<name>'}`, the names are
 * `authentication` and `signing_secret`. A value opens in no other version, so a new one seals them anew.
 */
export function sealActionSecrets(
  secrets: Secrets,
  id: string,
  version: number,
  plain: ActionSecrets,
): ActionSecrets {
  return mapped(plain, (value, name) => secrets.seal(value, placeOfActionSecret(id, version, name)));
}

/** @throws Error when one was not sealed for this version and name, or with a key we do not have. */
export function openActionSecrets(
  secrets: Secrets,
  id: string,
  version: number,
  sealed: ActionSecrets,
): ActionSecrets {
  return mapped(sealed, (value, name) => secrets.open(value, placeOfActionSecret(id, version, name)));
}

export function placeOfActionSecret(id: string, version: number, name: string): Place {
  return { table: 'external_action_versions', row: `${id}:${version}`, column: `secrets.${name}` };
}

function mapped(record: ActionSecrets, change: (value: string, name: string) => string): ActionSecrets {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}
