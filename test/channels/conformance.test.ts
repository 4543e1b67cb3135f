import { strict as assert } from 'node:assert';
import { describeChannel } from './channel-conformance.ts';
import type { ChannelRig, SwitchedFault } from './channel-conformance.ts';
import {
  deliveryOn,
  genericIntegration,
  openSetting,
  SLACK,
  standPlaceholder,
  WHATSAPP,
} from './channel-setting.ts';
import { closedPort } from './local-sink.ts';

async function openRig(
  kind: 'generic' | 'whatsapp' | 'slack',
  parts: {
    standIn: string;
    permanent: ChannelRig['permanent'];
    taken: (entries: Record<string, unknown>[]) => { key: unknown; text: unknown }[];
  },
): Promise<ChannelRig> {
  const integrationAt = (url: string) =>
    ({ generic: genericIntegration(url), whatsapp: WHATSAPP, slack: SLACK })[kind];
  const setting = await openSetting(null);
  setting.integration = integrationAt(setting.url);
  const nowhere = `http://127.0.0.1:${await closedPort()}`;
  const unreachable = await openSetting(integrationAt(nowhere), nowhere);
  if (kind === 'slack') {
    await standPlaceholder(setting);
    await standPlaceholder(unreachable, '1771236000.000200');
  }
  const delivery = deliveryOn(kind);
  return {
    channels: setting.channels,
    impatient: setting.impatient,
    delivery,
    unreachable: { channels: unreachable.channels, delivery },
    setClock: (now) => (setting.clock.now = () => now),
    permanent: parts.permanent,
    fault: (fault: SwitchedFault) => setting.post(`${parts.standIn}/control`, { fail: [fault] }),
    taken: async () => parts.taken(await setting.journal(parts.standIn)),
    async arrived() {
      const deadline = Date.now() + 2000;
      for (;;) {
        const answer = await fetch(`${setting.url}/${parts.standIn}/control`);
        const { fail } = (await answer.json()) as { fail: unknown[] };
        // A fault is gone from the list once a request has met it.
        if (fail.length === 0) return;
        assert.ok(Date.now() < deadline, 'no request arrived within 2 s');
      }
    },
    close: async () => void (await Promise.all([setting.close(), unreachable.close()])),
  };
}

describeChannel('generic', () =>
  openRig('generic', {
    standIn: 'sink/replies',
    permanent: { fault: { status: 410 }, code: 'gone' },
    taken: (entries) =>
      entries.map(({ headers, body }) => ({
        key: (headers as Record<string, string>)['webhook-id'],
        text: (JSON.parse(String(body)) as Record<string, unknown>)['text'],
      })),
  }),
);

describeChannel('whatsapp', () =>
  openRig('whatsapp', {
    standIn: 'whatsapp',
    permanent: { fault: { code: 131047 }, code: '131047' },
    taken: (entries) =>
      entries.map(({ biz_opaque_callback_data: key, body }) => ({
        key,
        text: (body as { text: { body: string } }).text.body,
      })),
  }),
);

describeChannel('slack', () =>
  openRig('slack', {
    standIn: 'slack',
    permanent: { fault: { error: 'is_archived' }, code: 'is_archived' },
    taken: (entries) =>
      entries.map(({ args }) => {
        const { text, blocks } = args as { text: string; blocks: { block_id: string }[] };
        return { key: blocks[0]?.block_id.replace('parley-message:', ''), text };
      }),
  }),
);
