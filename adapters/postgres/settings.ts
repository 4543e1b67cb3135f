import type pg from 'pg';
import type { Settings } from '../../api/ports.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { openAgentSettings } from './agent-settings.ts';
import { openChannelSettings } from './channel-settings.ts';
import { openKeySettings } from './key-settings.ts';

/** Configuration; every change and its audit entry are one transaction. */
export function openSettings(pool: pg.Pool, secrets: Secrets, clock: { now(): Date }): Settings {
  return {
    ...openAgentSettings(pool, clock),
    ...openChannelSettings(pool, secrets, clock),
    ...openKeySettings(pool, clock),
  };
}
