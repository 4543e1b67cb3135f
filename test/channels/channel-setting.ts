import { strict as assert } from 'node:assert';
import type { Channels, Delivery, Humans, PlaceholderPosts } from '../../activities/ports.ts';
import { openChannels } from '../../adapters/channels/index.ts';
import type { IntegrationSettings } from '../../adapters/channels/integrations.ts';
import { openEgress } from '../../adapters/egress/egress.ts';
import { openStandIns } from '../../dev/stand-ins/open-stand-ins.ts';
import { placeholdersInMemory } from './placeholders-in-memory.ts';
import type { PlaceholdersInMemory } from './placeholders-in-memory.ts';

export const SIGNING_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
export const PHONE_NUMBER_ID = '106540352242922';
export const SLACK_ROOM = 'T0STANDIN:C0SHOP:1771236000.000100';
/** The signal of a caller that stays. */
export const NEVER = new AbortController().signal;

export function deliveryOn(channel: Delivery['channel']): Delivery {
  return {
    outboundId: '5f1d7a84-3d9e-4d53-9f3e-0c9f0f6a1b2c',
    organisationId: 'a0a0a0a0-0000-4000-8000-000000000002',
    conversationId: 'a0a0a0a0-0000-4000-8000-000000000004',
    channel,
    channelIntegrationId: 'a0a0a0a0-0000-4000-8000-000000000001',
    integrationVersion: 1,
    room: channel === 'slack' ? SLACK_ROOM : 'room-7',
    contactIds: ['ID.13491208655302741918', '6281234567890'],
    kind: 'reply',
    text: 'Pesanan Anda sudah dikirim 🙏 "besok"',
    inReplyTo: ['m-1', 'm-2'],
    answersSeq: 2,
    plannedAt: new Date('2026-02-16T10:00:00.123Z'),
    attempt: 1,
    repeat: false,
    deadline: new Date(Date.now() + 60_000),
  };
}

/** Channels and the stand-ins they talk to. */
export interface Setting {
  channels: Channels;
  /** The same with a short time for each call. */
  impatient: Channels;
  humans: Humans;
  placeholderPosts: PlaceholderPosts;
  placeholders: PlaceholdersInMemory;
  clock: { now: () => Date };
  integration: IntegrationSettings | null | Error;
  journal(name: string): Promise<Record<string, unknown>[]>;
  post(path: string, body: unknown): Promise<void>;
  url: string;
  close(): Promise<void>;
}

/**
 * Opens channels in front of the stand-ins; tests change `integration` and `clock` in place. `reach` is where the
 * providers are looked for, if not there.
 */
export async function openSetting(integration: Setting['integration'], reach?: string): Promise<Setting> {
  const standIns = await openStandIns();
  const egress = openEgress({ allow: [new URL(reach ?? standIns.url).host] });
  const placeholders = placeholdersInMemory();
  const open = (timeoutMs: number) =>
    openChannels({
      integrations: {
        settingsOf: () =>
          setting.integration instanceof Error
            ? Promise.reject(setting.integration)
            : Promise.resolve(setting.integration),
      },
      egress,
      whatsapp: { graphUrl: `${reach ?? standIns.url}/whatsapp` },
      slack: { apiUrl: `${reach ?? standIns.url}/slack/api` },
      placeholders,
      workspaceOf: () => Promise.resolve(setting.integration instanceof Error ? null : setting.integration),
      clock: { now: () => setting.clock.now() },
      timeoutMs,
    });
  const [channels, impatient] = [open(10_000), open(500)];
  const setting: Setting = {
    channels,
    impatient,
    humans: channels.humans,
    placeholderPosts: channels.placeholderPosts,
    placeholders,
    clock: { now: () => new Date() },
    integration,
    url: standIns.url,
    async journal(name) {
      const answer = await fetch(`${standIns.url}/${name}/journal`);
      return ((await answer.json()) as { entries: Record<string, unknown>[] }).entries;
    },
    async post(path, body) {
      const answer = await fetch(`${standIns.url}/${path}`, { method: 'POST', body: JSON.stringify(body) });
      assert.equal(answer.status, 200, await answer.text());
    },
    async close() {
      await standIns.close();
      await Promise.all([channels.close(), impatient.close(), egress.close()]);
    },
  };
  return setting;
}

export function genericIntegration(url: string): IntegrationSettings {
  return {
    settings: { reply_url: `${url}/sink/replies/hook?tenant=1` },
    secrets: { signing_secret: SIGNING_SECRET },
  };
}

export const WHATSAPP: IntegrationSettings = {
  settings: { phone_number_id: PHONE_NUMBER_ID },
  secrets: { access_token: 'EAAG-a-token' },
};

export const SLACK: IntegrationSettings = {
  settings: {},
  secrets: { bot_token: 'xoxb-a-token', signing_secret: 'a signing secret' },
};

/** A placeholder that stands in the room, as posted before. */
export async function standPlaceholder(setting: Setting, ts?: string): Promise<string> {
  if (ts === undefined) {
    const answer = await fetch(`${setting.url}/slack/api/chat.postMessage`, {
      method: 'POST',
      headers: { authorization: 'Bearer xoxb-a-token', 'content-type': 'application/json' },
      body: JSON.stringify({ channel: 'C0SHOP', thread_ts: '1771236000.000100', text: '…' }),
    });
    const posted = (await answer.json()) as { ts: string };
    await fetch(`${setting.url}/slack/journal`, { method: 'DELETE' });
    return standPlaceholder(setting, posted.ts);
  }
  const providerMessageId = `C0SHOP:${ts}`;
  setting.placeholders.standing = { placeholderId: 'p-0', providerMessageId };
  return providerMessageId;
}
