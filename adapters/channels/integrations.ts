/** What a channel must know to speak for one channel integration. Secrets are decrypted: keep them out of logs. */
export interface IntegrationSettings {
  settings: Record<string, string>;
  secrets: Record<string, string>;
}

/** Where the settings of channel integrations come from. */
export interface Integrations {
  /**
   * The settings as they are now. `version` is the delivery's (`integrationVersion`); it changes with every change
   * of settings or secrets. Null when the organisation has no such integration.
   */
  settingsOf(
    organisationId: string,
    channelIntegrationId: string,
    version: number,
  ): Promise<IntegrationSettings | null>;
}

/** Integrations whose settings stay decrypted in memory; the least recently read ones leave first. */
const REMEMBERED = 1000;

/** Reads each version of an integration once, so that a send costs no query and no decryption. Failures are not kept. */
export function rememberIntegrations(source: Integrations): Integrations {
  const known = new Map<string, { version: number; settings: Promise<IntegrationSettings | null> }>();
  return {
    settingsOf(organisationId, channelIntegrationId, version) {
      const key = `${organisationId}/${channelIntegrationId}`;
      const hit = known.get(key);
      known.delete(key);
      if (hit?.version === version) {
        known.set(key, hit);
        return hit.settings;
      }
      const entry = { version, settings: source.settingsOf(organisationId, channelIntegrationId, version) };
      known.set(key, entry);
      entry.settings.catch(() => {
        if (known.get(key) === entry) known.delete(key);
      });
      if (known.size > REMEMBERED) known.delete(known.keys().next().value ?? '');
      return entry.settings;
    },
  };
}
