import { strict as assert } from 'node:assert';
import { openApiStage, call } from './stage.ts';
import type { ApiStage } from './stage.ts';

describe('the generic channel', () => {
  let stage: ApiStage;
  beforeEach(async () => (stage = await openApiStage()));
  afterEach(() => stage.close());

  const message = { id: 'm1', room: 'r1', customer: { id: 'c1' }, text: 'hello' };
  const post = (body: unknown, more: { key?: string; channel?: string } = {}) =>
    call(stage.url, 'POST', `/v1/channels/${more.channel ?? stage.here.channels.generic}/messages`, {
      key: more.key ?? stage.here.keys.gateway,
      body,
    });

  it('CONV-2 answers 202 once the row is stored, and signals the conversation', async () => {
    const answer = await post(message);
    assert.equal(answer.status, 202);
    const [row] = stage.world.stored;
    assert.deepEqual(answer.body, {
      message_id: row?.id,
      conversation_id: row?.conversation,
      duplicate: false,
    });
    assert.equal(row?.organisation, stage.here.id);
    assert.deepEqual(
      stage.world.signals.map(({ row }) => row.id),
      [row?.id],
    );
  });

  it('CONV-1 answers the same to a message posted again, and signals nothing', async () => {
    const first = await post(message);
    const second = await post(message);
    assert.deepEqual(second.body, { ...first.body, duplicate: true });
    assert.equal(stage.world.stored.length, 1);
    assert.equal(stage.world.signals.length, 1);
  });

  it('CONV-2 answers 503 with Retry-After while the store is away, and stores nothing', async () => {
    await post({ ...message, id: 'warm' });
    stage.world.away = true;
    const answer = await post(message);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '2');
    assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.equal(stage.world.stored.length, 1);
  });

  it('TEN-1 knows another organisation’s integration no better than one that does not exist', async () => {
    const foreign = await post(message, { channel: stage.there.channels.generic });
    const unknown = await post(message, { channel: '00000000-0000-4000-8000-000000000000' });
    const nonsense = await post(message, { channel: 'nonsense' });
    assert.deepEqual([foreign.status, unknown.status, nonsense.status], [404, 404, 404]);
    assert.equal(foreign.body['detail'], unknown.body['detail']);
    assert.equal(stage.world.stored.length, 0);
  });

  it('TEN-2 refuses a message over one’s own integration of another kind or switched off, and says so', async () => {
    const otherKind = await post(message, { channel: stage.here.channels.webchat });
    assert.equal(otherKind.status, 409);
    assert.match(String(otherKind.body['detail']), /of kind webchat/);
    const foreign = await post(message, { channel: stage.there.channels.webchat });
    assert.equal(foreign.status, 404);
    const off = { key: stage.here.keys.admin, body: { active: false } };
    await call(stage.url, 'PATCH', `/v1/channels/${stage.here.channels.generic}`, off);
    const switchedOff = await post(message);
    assert.equal(switchedOff.status, 409);
    assert.match(String(switchedOff.body['detail']), /switched off/);
    assert.equal(switchedOff.body['title'], 'The state does not allow this');
    assert.equal(stage.world.stored.length, 0);
  });

  it('CHAN-7 keeps each medium as what it is, the words as its caption', async () => {
    const medium = { url: 'https://example.com/a', mime_type: 'image/png' };
    const answer = await post({
      ...message,
      media: [
        { ...medium, type: 'image', caption: 'front' },
        { ...medium, type: 'image' },
      ],
    });
    assert.equal(answer.status, 202);
    assert.deepEqual(
      stage.world.stored.map(({ message }) => [message.providerMessageId, message.content]),
      [
        ['m1', { kind: 'image', url: medium.url, mimeType: 'image/png', caption: 'hello\nfront' }],
        ['m1#2', { kind: 'image', url: medium.url, mimeType: 'image/png' }],
      ],
    );
  });

  it('CHAN-7 records a medium of an unknown kind without dropping the words sent along', async () => {
    const medium = { type: 'hologram', url: 'https://example.com/a', mime_type: 'model/x' };
    assert.equal((await post({ ...message, media: [medium] })).status, 202);
    assert.deepEqual(
      stage.world.stored.map(({ message }) => message.content),
      [
        { kind: 'text', text: 'hello' },
        { kind: 'unsupported', type: 'hologram' },
      ],
    );
  });

  it('CONV-2 clamps a time in the future instead of refusing the message', async () => {
    assert.equal((await post({ ...message, at: '2099-01-01T00:00:00+07:00' })).status, 202);
    assert.equal(stage.world.stored[0]?.at.toISOString(), '2026-11-21T10:00:00.000Z');
  });

  const wrong: [string, object, string][] = [
    ['without id', { id: undefined }, 'id'],
    ['without customer', { customer: undefined }, 'customer'],
    ['without the customer’s id', { customer: { name: 'x' } }, 'customer.id'],
    ['with neither text nor media', { text: undefined }, 'text'],
    ['with nothing but white space', { text: ' \n\u00a0' }, 'text'],
    ['with a number for text', { text: 5 }, 'text'],
    ['with more than 16 KB of text', { text: 'ض'.repeat(8193) }, 'text'],
    ['with a NUL in the text', { text: 'a\0b' }, 'text'],
    ['with a NUL in the id', { id: 'a\0b' }, 'id'],
    ['with half of a surrogate pair', { text: 'a\ud800b' }, 'text'],
    ['with an unknown member', { mood: 'bad' }, 'mood'],
    ['with an invalid time', { at: 'yesterday' }, 'at'],
    [
      'with a medium that is no web address',
      { media: [{ type: 'image', url: 'file:///etc/passwd', mime_type: 'x' }] },
      'media.0.url',
    ],
  ];
  for (const [what, change, field] of wrong) {
    it(`CONV-2 refuses a message ${what}, naming the field and not the value`, async () => {
      const answer = await post({ ...message, ...change });
      assert.equal(answer.status, 422);
      const errors = answer.body['errors'] as { field: string }[];
      assert.deepEqual(
        errors.map((error) => error.field),
        [field],
      );
      assert.equal(stage.world.stored.length, 0);
      assert.ok(!JSON.stringify(answer.body).includes('passwd'));
    });
  }

  it('TEN-3 writes one log line per request, without key or words', async () => {
    const answer = await post({ ...message, text: 'my secret words' });
    await post({ ...message, text: 5, customer: { id: 'my secret words' } });
    const requests = stage.log.filter(({ message }) => message === 'request');
    assert.equal(requests.length, 2);
    const { ms, ...line } = requests[0]?.fields ?? {};
    assert.equal(typeof ms, 'number');
    assert.deepEqual(line, {
      request_id: answer.headers.get('x-request-id'),
      method: 'POST',
      route: '/v1/channels/{channel_integration}/messages',
      status: 202,
      organisation: stage.here.id,
    });
    const all = JSON.stringify(stage.log);
    assert.ok(!all.includes('secret words') && !all.includes(stage.here.keys.gateway));
  });

  it('TEN-3 answers an unforeseen failure with 500, an id and no detail, and logs it under that id', async () => {
    stage.world.beforeReceive = () => {
      throw new Error('duplicate key (text)=(my secret words)');
    };
    const answer = await post(message);
    assert.equal(answer.status, 500);
    assert.ok(!JSON.stringify(answer.body).includes('secret'));
    const line = stage.log.find(({ message }) => message === 'unexpected');
    assert.equal(line?.fields['request_id'], answer.body['request_id']);
    assert.ok(line?.fields['err'] instanceof Error);
  });

  it('CHAN-2 stores nothing for a wrong key or role, and writes down that it was tried', async () => {
    assert.equal((await post(message, { key: 'parley_wrong' })).status, 401);
    assert.equal((await post(message, { key: stage.there.keys.viewer })).status, 403);
    assert.equal(stage.world.stored.length, 0);
    assert.deepEqual(
      stage.world.refused.map(({ organisationId, action, detail }) => [organisationId, action, detail]),
      [
        [stage.here.id, 'message.refused', { reason: 'key' }],
        [stage.here.id, 'message.refused', { reason: 'role' }],
      ],
    );
  });

  it('TEN-2 looks a key up once in a while, and heeds its revocation at once', async () => {
    await post(message);
    await post({ ...message, id: 'm2' });
    assert.equal(stage.world.keyLookups, 1);
    await call(stage.url, 'DELETE', `/v1/keys/${stage.here.gatewayKeyId}`, { key: stage.here.keys.admin });
    assert.equal((await post({ ...message, id: 'm3' })).status, 401);
  });
});
