import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { makeReceive } from '../../adapters/postgres/receive-message.ts';
import { statementCount } from '../../adapters/postgres/as-organisation.ts';
import { NOW, later, look, makeIntegration, openInstallation, textMessage } from './installation.ts';

describe('receive', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;

  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  it('CONV-1 stores one row and raises the seq once for 50 equal posts at the same time', async () => {
    const integration = await makeIntegration(pool);
    const receive = makeReceive(pool);
    await receive(integration, textMessage('first'), NOW);
    const message = textMessage('again and again');
    const answers = await Promise.all(Array.from({ length: 50 }, () => receive(integration, message, NOW)));
    assert.equal(answers.filter((answer) => !answer.duplicate).length, 1);
    assert.equal(new Set(answers.map((answer) => answer.messageId)).size, 1);
    assert.equal(answers.filter((answer) => answer.signal !== null).length, 1);
    const [conversation] = await look(
      pool,
      integration.organisationId,
      'select last_seq, last_message_seq from conversations',
    );
    assert.deepEqual(conversation, { last_seq: 2, last_message_seq: 2 });
  });

  it('CONV-1 makes one contact and one conversation of many first messages at the same time', async () => {
    const integration = await makeIntegration(pool);
    const receive = makeReceive(pool);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        receive(
          integration,
          textMessage(`m${n}`, { customer: { ids: n % 2 ? ['u', 'p'] : ['p'] }, room: null }),
          NOW,
        ),
      ),
    );
    assert.equal(new Set(answers.map((answer) => answer.conversationId)).size, 1);
    const seqs = answers.map((answer) => answer.signal?.row.seq).sort((a, b) => Number(a) - Number(b));
    assert.deepEqual(
      seqs,
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
  });

  it('CONV-2 stores a known customer’s message in one transaction of three statements', async () => {
    const integration = await makeIntegration(pool);
    const receive = makeReceive(pool);
    await receive(integration, textMessage('first'), NOW);
    const before = statementCount();
    await receive(integration, textMessage('second'), later(1));
    const after = statementCount();
    assert.deepEqual(
      [after.transactions - before.transactions, after.statements - before.statements],
      [1, 3],
    );
  });

  it('CONV-2 knows whether the message made the conversation, found it open, or opened it again', async () => {
    const integration = await makeIntegration(pool);
    const receive = makeReceive(pool);
    const wasOpen = async (id: string, at: Date) =>
      (await receive(integration, textMessage(id), at)).signal?.wasOpen;
    assert.equal(await wasOpen('first', NOW), false);
    assert.equal(await wasOpen('second', later(1)), true);
    const close = `update conversations set status = 'resolved', resolved_at = opened_at`;
    await look(pool, integration.organisationId, close);
    assert.equal(await wasOpen('third', later(2)), false);
  });

  it('CONV-4 gives seqs in the order of the commits, whoever came first', async () => {
    const integration = await makeIntegration(pool);
    const receive = makeReceive(pool);
    await receive(integration, textMessage('first'), NOW);
    const finished: number[] = [];
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const answer = await receive(integration, textMessage(`m${n}`), later(-n));
        finished.push(answer.signal?.row.seq ?? 0);
        const seen = await look<{ seq: number }>(
          pool,
          integration.organisationId,
          'select seq from inbox order by seq',
        );
        // Whatever is visible is visible without holes.
        assert.deepEqual(
          seen.map(({ seq }) => seq),
          seen.map((_, place) => place + 1),
        );
      }),
    );
    assert.deepEqual(
      [...finished].sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, n) => n + 2),
    );
  });

  it('CONV-1 keeps rooms and channels apart, and a message id good once per channel', async () => {
    const integration = await makeIntegration(pool);
    const other = { ...(await makeIntegration(pool)) };
    const receive = makeReceive(pool);
    const message = textMessage('hi');
    const [a, b, c] = [
      await receive(integration, message, NOW),
      await receive(integration, { ...message, room: 'elsewhere' }, NOW),
      await receive(other, message, NOW),
    ];
    assert.deepEqual([a.duplicate, b.duplicate, c.duplicate], [false, true, false]);
    assert.equal(b.messageId, a.messageId);
    const d = await receive(integration, textMessage('hi', { room: 'elsewhere' }), NOW);
    assert.notEqual(d.conversationId, a.conversationId);
  });

  it('CHAN-1 keeps one contact through new ids, names and numbers', async () => {
    const integration = await makeIntegration(pool, 'whatsapp');
    const { organisationId } = integration;
    const receive = makeReceive(pool);
    const from = (ids: string[], more: object = {}) =>
      receive(integration, textMessage('hi', { room: null, customer: { ids, ...more } }), NOW);
    const a = await from(['4912345'], { name: 'Ada' });
    const b = await from(['user-1', '4912345'], { name: 'Ada L.' });
    const c = await from(['user-1'], { phone: '4912345' });
    const d = await from(['user-2'], { name: 'Bo' });
    assert.deepEqual([b.conversationId, c.conversationId], [a.conversationId, a.conversationId]);
    assert.notEqual(d.conversationId, a.conversationId);
    const contacts = await look(pool, organisationId, 'select name, phone from contacts order by name');
    assert.deepEqual(contacts, [
      { name: 'Ada L.', phone: '4912345' },
      { name: 'Bo', phone: null },
    ]);
    const ids = await look(
      pool,
      organisationId,
      `select external_id from contact_identities i join contacts k on k.id = i.contact_id
       where k.name = 'Ada L.' order by rank`,
    );
    assert.deepEqual(ids, [{ external_id: 'user-1' }, { external_id: '4912345' }]);
    const rooms = await look<{ room: string }>(pool, organisationId, 'select room from conversations');
    assert.ok(rooms.every(({ room }) => !room.includes('4912345')));
  });

  it('CONV-1 stores messages of every kind as what they are, and clamps one from the future', async () => {
    const integration = await makeIntegration(pool);
    const receive = makeReceive(pool);
    const contents = [
      { kind: 'image' as const, mediaId: 'm', mimeType: 'image/png', caption: 'look' },
      { kind: 'location' as const, latitude: 1.5, longitude: -2 },
      { kind: 'button' as const, id: 'yes', title: 'Yes' },
      { kind: 'unsupported' as const, type: 'hologram' },
    ];
    for (const content of contents)
      await receive(integration, textMessage('', { content, sentAt: later(3600) }), NOW);
    const rows = await look<{ body: unknown; at: Date; sent_at: Date }>(
      pool,
      integration.organisationId,
      'select body, at, sent_at from inbox order by seq',
    );
    assert.deepEqual(
      rows.map(({ body }) => body),
      contents,
    );
    assert.ok(rows.every(({ at, sent_at }) => at.getTime() === NOW.getTime() && sent_at > at));
  });
});
