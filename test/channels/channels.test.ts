import { strict as assert } from 'node:assert';
import { Webhook } from 'standardwebhooks';
import type { Delivery } from '../../activities/ports.ts';
import type { IntegrationSettings } from '../../adapters/channels/integrations.ts';
import {
  deliveryOn,
  genericIntegration,
  NEVER,
  openSetting,
  PHONE_NUMBER_ID,
  SIGNING_SECRET,
  WHATSAPP,
} from './channel-setting.ts';
import type { Setting } from './channel-setting.ts';
import { openSink } from './local-sink.ts';

describe('ways out to customers', () => {
  let setting: Setting;
  beforeEach(async () => {
    setting = await openSetting(WHATSAPP);
  });
  afterEach(() => setting.close());
  const send = (channel: Delivery['channel'], change: Partial<Delivery> = {}) =>
    setting.channels.send({ ...deliveryOn(channel), ...change }, NEVER);

  it('CHAN-3 posts a generic reply with the body of the API and a signature the reference library accepts', async () => {
    setting.integration = genericIntegration(setting.url);
    await setting.post('sink/replies/control', { secret: SIGNING_SECRET, require_signature: true });
    assert.deepEqual(await send('generic'), { kind: 'sent', providerMessageId: null });
    const [entry] = await setting.journal('sink/replies');
    assert.equal(entry?.['signature'], 'valid');
    assert.deepEqual([entry?.['method'], entry?.['query']], ['POST', 'tenant=1']);
    const headers = entry?.['headers'] as Record<string, string>;
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(new Webhook(SIGNING_SECRET).verify(String(entry?.['body']), headers), {
      conversation_id: 'a0a0a0a0-0000-4000-8000-000000000004',
      room: 'room-7',
      message_id: '5f1d7a84-3d9e-4d53-9f3e-0c9f0f6a1b2c',
      kind: 'reply',
      text: 'Pesanan Anda sudah dikirim 🙏 "besok"',
      in_reply_to: ['m-1', 'm-2'],
      at: '2026-02-16T10:00:00.123Z',
    });
  });

  it('CHAN-5 keeps the webhook-id over repeats and stamps each attempt with its own time', async () => {
    setting.integration = genericIntegration(setting.url);
    const start = Date.now();
    for (const [attempt, later] of [0, 5000].entries()) {
      setting.clock.now = () => new Date(start + later);
      assert.equal((await send('generic', { attempt: attempt + 1 })).kind, 'sent');
    }
    const headers = (await setting.journal('sink/replies')).map((entry) => entry['headers']) as Record<
      string,
      string
    >[];
    assert.equal(headers[0]?.['webhook-id'], headers[1]?.['webhook-id']);
    assert.equal(Number(headers[1]?.['webhook-timestamp']) - Number(headers[0]?.['webhook-timestamp']), 5);
  });

  it('CHAN-4 fails a generic reply for good on any refusal, redirects included', async () => {
    setting.integration = genericIntegration(setting.url);
    for (const [status, code] of [
      [400, 'http_400'],
      [401, 'http_401'],
      [404, 'http_404'],
      [302, 'redirected'],
    ] as const) {
      const headers = { location: `${setting.url}/sink/elsewhere` };
      await setting.post('sink/replies/control', { fail: [{ status, headers }] });
      assert.deepEqual(await send('generic'), { kind: 'failed', code });
    }
    assert.deepEqual(await setting.journal('sink/elsewhere'), []);
  });

  it('CHAN-4 takes a 2xx for sent though its body never ends', async () => {
    setting.integration = genericIntegration(setting.url);
    await setting.post('sink/replies/control', { fail: [{ hang: 'body', when: 'after' }] });
    assert.deepEqual(await setting.impatient.send(deliveryOn('generic'), NEVER), {
      kind: 'sent',
      providerMessageId: null,
    });
  });

  it('EXT-6 fails a generic reply to an inner address without a connection', async () => {
    const inner = await openSink();
    const forbidden = [
      `http://127.0.0.1:${inner.port}/`,
      `http://localhost:${inner.port}/`,
      `https://127.0.0.1:${inner.port}/`,
      'https://127.0.0.1/',
      'https://169.254.169.254/latest/meta-data/',
      'https://metadata.google.internal/',
    ];
    for (const [version, reply_url] of forbidden.entries()) {
      setting.integration = { settings: { reply_url }, secrets: { signing_secret: SIGNING_SECRET } };
      assert.deepEqual(
        await send('generic', { integrationVersion: 100 + version }),
        { kind: 'failed', code: 'blocked_destination' },
        reply_url,
      );
    }
    assert.equal(inner.connections, 0);
    await inner.close();
  });

  it('CHAN-3 fails, by name, what an integration lacks', async () => {
    const lacking: [Delivery['channel'], IntegrationSettings, string][] = [
      ['generic', { settings: {}, secrets: { signing_secret: SIGNING_SECRET } }, 'no_reply_url'],
      ['generic', { ...genericIntegration(setting.url), secrets: {} }, 'no_signing_secret'],
      [
        'generic',
        { settings: { reply_url: 'nonsense' }, secrets: { signing_secret: SIGNING_SECRET } },
        'bad_reply_url',
      ],
      ['whatsapp', { ...WHATSAPP, settings: {} }, 'no_phone_number_id'],
      ['whatsapp', { ...WHATSAPP, secrets: {} }, 'no_access_token'],
      ['whatsapp', { ...WHATSAPP, secrets: { access_token: 'line\nbreak' } }, 'bad_access_token'],
    ];
    for (const [version, [channel, integration, code]] of lacking.entries()) {
      setting.integration = integration;
      assert.deepEqual(await send(channel, { integrationVersion: 200 + version }), { kind: 'failed', code });
    }
  });

  it('CHAN-3 sends on WhatsApp with the number and the token of the integration', async () => {
    await setting.post('whatsapp/control', { access_token: 'EAAG-a-token' });
    const outcome = await send('whatsapp');
    const [entry] = await setting.journal('whatsapp');
    assert.deepEqual(outcome, { kind: 'sent', providerMessageId: entry?.['id'] });
    assert.deepEqual(
      [entry?.['version'], entry?.['phone_number_id'], entry?.['authorization'], entry?.['to']],
      ['v23.0', PHONE_NUMBER_ID, 'Bearer EAAG-a-token', '6281234567890'],
    );
  });

  it('CHAN-3 addresses a WhatsApp customer without a phone number by user id', async () => {
    assert.equal((await send('whatsapp', { contactIds: ['ID.13491208655302741918'] })).kind, 'sent');
    const [entry] = await setting.journal('whatsapp');
    assert.deepEqual([entry?.['to'], entry?.['recipient']], [undefined, 'ID.13491208655302741918']);
    assert.deepEqual(await send('whatsapp', { contactIds: ['x'] }), { kind: 'failed', code: 'no_address' });
  });

  it('CHAN-4 fails for good on a revoked token and keeps it out of the outcome', async () => {
    await setting.post('whatsapp/control', { access_token: 'another token' });
    assert.deepEqual(await send('whatsapp'), { kind: 'failed', code: '190' });
  });

  it('CHAN-5 takes an answer it cannot read for an unknown outcome on WhatsApp', async () => {
    for (const fault of [{ malformed: true }, { cut: true }, { hang: 'body', when: 'after' }]) {
      await setting.post('whatsapp/control', { fail: [fault] });
      const outcome = await setting.impatient.send(deliveryOn('whatsapp'), NEVER);
      assert.equal(outcome.kind, 'unknown', JSON.stringify(fault));
    }
    assert.equal((await setting.journal('whatsapp')).length, 3);
  });

  it('CHAN-5 says that nothing happened when settings cannot be read, and asks again next time', async () => {
    const whatsapp = setting.integration;
    setting.integration = new Error('the database is away');
    assert.deepEqual(await send('whatsapp'), {
      kind: 'try_again',
      afterMs: null,
      code: 'settings_unavailable',
      mayHaveArrived: false,
    });
    setting.integration = whatsapp;
    assert.equal((await send('whatsapp')).kind, 'sent');
  });

  it('CHAN-3 fails where the integration, the channel or the way is unknown', async () => {
    setting.integration = null;
    assert.deepEqual(await send('whatsapp'), { kind: 'failed', code: 'integration_unknown' });
    const fax = 'fax' as Delivery['channel'];
    assert.deepEqual(await send(fax), { kind: 'failed', code: 'channel_unknown' });
    setting.integration = WHATSAPP;
    const webchat = await send('webchat', { integrationVersion: 9 });
    assert.deepEqual(webchat, { kind: 'failed', code: 'webchat_is_read_not_sent' });
  });

  it('CHAN-3 uses new settings with the next version of the integration', async () => {
    assert.equal((await send('whatsapp')).kind, 'sent');
    setting.integration = { ...WHATSAPP, settings: { phone_number_id: '999' } };
    assert.equal((await send('whatsapp')).kind, 'sent');
    assert.equal((await send('whatsapp', { integrationVersion: 2 })).kind, 'sent');
    const numbers = (await setting.journal('whatsapp')).map((entry) => entry['phone_number_id']);
    assert.deepEqual(numbers, [PHONE_NUMBER_ID, PHONE_NUMBER_ID, '999']);
  });
});
