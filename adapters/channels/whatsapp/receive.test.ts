import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import type { ReceivedBatch, ReceivingIntegration } from '../../../api/ports.ts';
import * as meta from './fixtures/inbound.ts';
import { whatsappReceiver } from './receive.ts';

const OUTBOUND_ID = '5f1d7a84-3d9e-4d53-9f3e-0c9f0f6a1b2c';
const NOW = new Date('2026-02-16T10:00:00Z');

const integration: ReceivingIntegration = {
  id: 'a0a0a0a0-0000-4000-8000-000000000001',
  organisationId: 'a0a0a0a0-0000-4000-8000-000000000002',
  agentId: 'a0a0a0a0-0000-4000-8000-000000000003',
  kind: 'whatsapp',
  active: true,
  settings: { phone_number_id: meta.PHONE_NUMBER_ID },
  secrets: { app_secret: 'an app secret', verify_token: 'a verify token' },
};

function parse(payload: unknown): ReceivedBatch | null {
  const body = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return whatsappReceiver.parse({ headers: {}, body }, integration);
}

function parseOne(message: unknown, contact?: Parameters<typeof meta.withMessages>[1]) {
  const batch = parse(meta.envelope(meta.withMessages([message], contact)));
  assert.deepEqual([batch?.messages.length, batch?.ignored], [1, 0]);
  return batch?.messages[0];
}

describe('WhatsApp webhook', () => {
  it('CHAN-2 answers the verify handshake with the challenge, for the right token only', () => {
    const query = (token: string) => ({
      'hub.mode': 'subscribe',
      'hub.verify_token': token,
      'hub.challenge': '1158201444',
    });
    assert.equal(whatsappReceiver.handshake?.(query('a verify token'), integration), '1158201444');
    assert.equal(whatsappReceiver.handshake?.(query('a verify toker'), integration), null);
    assert.equal(whatsappReceiver.handshake?.(query(''), integration), null);
    assert.equal(whatsappReceiver.handshake?.({ 'hub.mode': 'subscribe' }, integration), null);
    const unset = { ...integration, secrets: { verify_token: '' } };
    assert.equal(whatsappReceiver.handshake?.(query(''), unset), null);
  });

  describe('signature', () => {
    // As Meta writes it: slashes and everything outside ASCII escaped.
    const body = Buffer.from('{"text":"Halo \\ud83d\\ude4f","url":"https:\\/\\/example.com"}');
    const sign = (bytes: Buffer, secret = 'an app secret') =>
      `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`;
    const authentic = (signature: string | undefined, bytes = body, of = integration) =>
      whatsappReceiver.authentic({ headers: { 'x-hub-signature-256': signature }, body: bytes }, of, NOW);

    it('CHAN-2 accepts a signature over the raw bytes', () => {
      assert.equal(authentic(sign(body)), true);
    });

    it('CHAN-2 refuses a signature over a re-serialised body', () => {
      const again = Buffer.from(JSON.stringify(JSON.parse(body.toString())));
      assert.notDeepEqual(again, body);
      assert.equal(authentic(sign(again)), false);
    });

    it('CHAN-2 refuses another secret, a changed body, a missing or malformed signature', () => {
      assert.equal(authentic(sign(body, 'of another organisation')), false);
      assert.equal(authentic(sign(body), Buffer.concat([body, Buffer.from(' ')])), false);
      for (const bad of [undefined, '', 'sha256=', 'sha256=zz', sign(body).slice(7), `${sign(body)}00`])
        assert.equal(authentic(bad), false, String(bad));
    });

    it('CHAN-2 refuses everything while the integration has no app secret', () => {
      assert.equal(authentic(sign(body, ''), body, { ...integration, secrets: { app_secret: '' } }), false);
      assert.equal(authentic(sign(body), body, { ...integration, secrets: {} }), false);
    });
  });

  describe('messages', () => {
    const expected: [keyof typeof meta.MESSAGES, unknown][] = [
      ['text', { kind: 'text', text: 'Halo, pesanan saya belum datang 🙏' }],
      ['quotedText', { kind: 'text', text: 'This one' }],
      [
        'image',
        { kind: 'image', mediaId: '1003383421387256', mimeType: 'image/jpeg', caption: 'Rusak begini' },
      ],
      ['voice', { kind: 'audio', mediaId: '1003383421387257', mimeType: 'audio/ogg; codecs=opus' }],
      ['video', { kind: 'video', mediaId: '1003383421387258', mimeType: 'video/mp4' }],
      [
        'document',
        {
          kind: 'document',
          mediaId: '1003383421387259',
          mimeType: 'application/pdf',
          caption: 'Ini',
          fileName: 'invoice.pdf',
        },
      ],
      ['sticker', { kind: 'sticker', mediaId: '1003383421387260', mimeType: 'image/webp' }],
      [
        'location',
        {
          kind: 'location',
          latitude: -6.2,
          longitude: 106.8,
          name: 'Kantor',
          address: 'Jl. Jend. Sudirman 1',
        },
      ],
      ['sharedContacts', { kind: 'unsupported', type: 'contacts' }],
      ['templateButton', { kind: 'button', id: 'YES_PLEASE', title: 'Yes, please' }],
      ['buttonReply', { kind: 'button', id: 'confirm', title: 'Confirm' }],
      ['listReply', { kind: 'button', id: 'express', title: 'Express' }],
      ['flowReply', { kind: 'unsupported', type: 'interactive.nfm_reply' }],
      ['order', { kind: 'unsupported', type: 'order' }],
      ['unsupported', { kind: 'unsupported', type: 'poll' }],
      ['future', { kind: 'unsupported', type: 'hologram' }],
    ];
    for (const [name, content] of expected) {
      it(`CHAN-7 reads a message of kind ${name} as what it is`, () => {
        assert.deepEqual(parseOne(meta.MESSAGES[name])?.content, content);
      });
    }

    it('CHAN-1 reads id, sender, name, phone and the time in seconds', () => {
      assert.deepEqual(parseOne(meta.MESSAGES.text), {
        providerMessageId: 'wamid.text',
        room: null,
        customer: { ids: [meta.WA_ID], name: 'Dewi Lestari', phone: `+${meta.WA_ID}` },
        sentAt: new Date(Number(meta.SECONDS) * 1000),
        content: { kind: 'text', text: 'Halo, pesanan saya belum datang 🙏' },
      });
    });

    it('CHAN-1 knows a customer by user id before wa_id when Meta sends both', () => {
      const message = { ...meta.MESSAGES.text, from_user_id: meta.USER_ID };
      assert.deepEqual(parseOne(message, meta.CONTACT_WITH_BOTH_IDS)?.customer.ids, [
        meta.USER_ID,
        meta.WA_ID,
      ]);
      assert.deepEqual(parseOne(meta.MESSAGES.text, meta.CONTACT_WITH_BOTH_IDS)?.customer.ids, [
        meta.USER_ID,
        meta.WA_ID,
      ]);
    });

    it('CHAN-1 takes a message of a customer without a phone number', () => {
      const { from: _from, ...rest } = { ...meta.MESSAGES.text } as Record<string, unknown>;
      const customer = { ids: [meta.USER_ID], name: 'Dewi Lestari' };
      assert.deepEqual(parseOne(rest, meta.CONTACT_WITHOUT_PHONE)?.customer, customer);
      const message = { ...rest, from_user_id: meta.USER_ID };
      assert.deepEqual(parseOne(message, null)?.customer, { ids: [meta.USER_ID] });
    });

    it('CHAN-1 never gives one customer the ids or the name of another in the same post', () => {
      const other = { ...meta.MESSAGES.text, id: 'wamid.other', from: '6289999999999' };
      const value = meta.withMessages([other, meta.MESSAGES.text], meta.CONTACT_WITH_BOTH_IDS);
      const batch = parse(meta.envelope(value));
      assert.deepEqual(batch?.messages[0]?.customer, { ids: ['6289999999999'], phone: '+6289999999999' });
      assert.deepEqual(batch?.messages[1]?.customer.ids, [meta.USER_ID, meta.WA_ID]);
    });

    it('CHAN-7 counts reactions, system notices and group messages as ignored', () => {
      const { reaction, numberChanged, group } = meta.MESSAGES;
      const batch = parse(meta.envelope(meta.withMessages([reaction, numberChanged, group])));
      assert.deepEqual(batch, { messages: [], statuses: [], ignored: 3 });
    });

    it('CHAN-7 records a known kind without its content as unsupported', () => {
      for (const type of ['text', 'image', 'location', 'button', 'interactive']) {
        const bare = { ...meta.MESSAGES.text, type, text: undefined };
        assert.deepEqual(parseOne(bare)?.content, { kind: 'unsupported', type });
      }
    });

    it('CHAN-1 tolerates garbage in fields and drops only what has no id or sender', () => {
      const { text } = meta.MESSAGES;
      assert.equal(parseOne({ ...text, timestamp: 'soon' })?.sentAt, null);
      assert.equal(parseOne({ ...text, timestamp: {} })?.sentAt, null);
      assert.deepEqual(parseOne({ ...text, context: 7, errors: 'x' }, { wa_id: 5, profile: [] })?.customer, {
        ids: [meta.WA_ID],
        phone: `+${meta.WA_ID}`,
      });
      const useless = [null, 7, 'text', [], {}, { ...text, id: '' }, { ...text, id: 'x'.repeat(300) }];
      const homeless = { ...text, from: undefined };
      const batch = parse(meta.envelope(meta.withMessages([...useless, homeless], null)));
      assert.deepEqual([batch?.messages.length, batch?.ignored], [0, useless.length + 1]);
    });

    it('CHAN-1 replaces what Postgres cannot store', () => {
      const content = parseOne({ ...meta.MESSAGES.text, text: { body: 'a\0b\ud800c🙏' } })?.content;
      assert.deepEqual(content, { kind: 'text', text: 'a\ufffdb\ufffdc🙏' });
    });
  });

  it('CHAN-4 reads all four statuses with our id, and the code of a failure', () => {
    const failed = meta.status('failed', OUTBOUND_ID, {
      errors: [{ code: 131047, title: 'Re-engagement message', error_data: { details: 'words' } }],
    });
    const states = ['sent', 'delivered', 'read'].map((state) => meta.status(state, OUTBOUND_ID));
    const batch = parse(meta.envelope(meta.withStatuses(...states, failed)));
    const at = new Date(Number(meta.SECONDS) * 1000);
    assert.deepEqual(
      batch?.statuses,
      ['sent', 'delivered', 'read', 'failed'].map((state) => ({
        providerMessageId: 'wamid.out',
        outboundId: OUTBOUND_ID,
        state,
        at,
        code: state === 'failed' ? '131047' : null,
      })),
    );
  });

  it('CHAN-4 takes no foreign callback data for an id of ours', () => {
    const batch = parse(meta.envelope(meta.withStatuses(meta.status('read', "campaign-7'; --"))));
    assert.equal(batch?.statuses[0]?.outboundId, null);
  });

  it('CHAN-4 counts statuses it does not follow or cannot place', () => {
    const useless = [meta.status('deleted', OUTBOUND_ID), { status: 'read' }, 5];
    const batch = parse(meta.envelope(meta.withStatuses(...useless)));
    assert.deepEqual(batch, { messages: [], statuses: [], ignored: 3 });
  });

  it('CHAN-1 walks every entry, change, message and status of one post', () => {
    const mixed = {
      ...meta.withMessages([meta.MESSAGES.text]),
      statuses: [meta.status('sent', OUTBOUND_ID)],
    };
    const payload = meta.envelope(
      mixed,
      { ...meta.withStatuses(), errors: [{ code: 130429 }] },
      meta.withMessages([
        { ...meta.MESSAGES.text, id: 'wamid.2' },
        { ...meta.MESSAGES.image, id: 'wamid.3' },
      ]),
    );
    const batch = parse(payload);
    assert.deepEqual(
      batch?.messages.map((message) => message.providerMessageId),
      ['wamid.text', 'wamid.2', 'wamid.3'],
    );
    assert.deepEqual([batch?.statuses.length, batch?.ignored], [1, 1]);
  });

  it('ESC-5 reads what a person wrote in the app, of any kind, as an answer to the customer it went to', () => {
    const text = meta.echo('text', { text: { body: 'Sebentar ya' } });
    const image = meta.echo('image', { image: { id: '7', mime_type: 'image/jpeg', caption: 'Ini' } });
    const future = meta.echo('hologram', { hologram: { depth: 3 } });
    const hidden = { ...text, id: 'wamid.h', to: undefined, to_user_id: meta.USER_ID };
    const batch = parse(meta.withEchoes(text, image, future, hidden));
    assert.deepEqual([batch?.messages, batch?.statuses, batch?.ignored], [[], [], 0]);
    const [first, ...others] = batch?.replies ?? [];
    assert.deepEqual(first, {
      providerMessageId: 'wamid.echo.text',
      room: null,
      customer: { ids: [meta.WA_ID], phone: `+${meta.WA_ID}` },
      sentAt: new Date(Number(meta.SECONDS) * 1000),
      content: { kind: 'text', text: 'Sebentar ya' },
    });
    assert.deepEqual(
      others.map(({ content }) => content),
      [
        { kind: 'image', mediaId: '7', mimeType: 'image/jpeg', caption: 'Ini' },
        { kind: 'unsupported', type: 'hologram' },
        { kind: 'text', text: 'Sebentar ya' },
      ],
    );
    assert.deepEqual(others.at(-1)?.customer, { ids: [meta.USER_ID] });
  });

  it('ESC-5 takes no edit, no deletion and nothing for nobody for an answer', () => {
    const edit = meta.echo('edit', { edit: { original_message_id: 'wamid.x' } });
    const revoke = meta.echo('revoke', { revoke: { original_message_id: 'wamid.x' } });
    const group = meta.echo('text', { text: { body: 'All' }, group_id: 'Y2Fw' });
    const nobody = { ...meta.echo('text', { text: { body: 'Who?' } }), to: undefined };
    const useless = [edit, revoke, group, nobody, { ...edit, type: 'text', id: undefined }, 5, null];
    assert.deepEqual(parse(meta.withEchoes(...useless)), { messages: [], statuses: [], ignored: 7 });
  });

  it('CHAN-1 ignores and counts what is for another number or another field', () => {
    const foreign = { ...meta.withMessages([meta.MESSAGES.text]), metadata: { phone_number_id: '999' } };
    const history = {
      object: 'whatsapp_business_account',
      entry: [{ changes: [{ field: 'history', value: meta.withMessages([]) }, null] }, 'x'],
    };
    assert.deepEqual(parse(meta.envelope(foreign)), { messages: [], statuses: [], ignored: 1 });
    assert.deepEqual(parse(history), { messages: [], statuses: [], ignored: 2 });
  });

  it('CHAN-1 says of what is not its format that it is not', () => {
    for (const payload of ['', 'null', '[]', '"x"', '{', '{"object":"page","entry":[]}', '{"entry":[]}'])
      assert.equal(parse(payload), null, payload);
    assert.equal(parse({ object: 'whatsapp_business_account', entry: {} }), null);
  });

  it('CHAN-1 survives any JSON in the place of any part', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (value, message, contact) => {
        parse({ object: 'whatsapp_business_account', entry: value });
        parse({ object: 'whatsapp_business_account', entry: [{ changes: value }] });
        const { text } = meta.MESSAGES;
        const change = {
          ...meta.withMessages([message, { ...text, text: message, type: contact }]),
          contacts: [contact],
          statuses: [message, { ...meta.status('read', OUTBOUND_ID), errors: contact, timestamp: value }],
        };
        parse(meta.envelope(change));
      }),
      { numRuns: 300 },
    );
  });
});
