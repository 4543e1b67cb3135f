import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { makeReceive } from '../../adapters/postgres/receive-message.ts';
import { statementCount } from '../../adapters/postgres/as-organisation.ts';
import { look, makeIntegration, openInstallation, textMessage } from './installation.ts';

const now = new Date('2026-01-01T00:00:00.000Z');

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
    await receive(integration, textMessage('first'), now);
    const message = textMessage('again and again');
    const answers = await Promise.all(Array.from({ length: 50 }, () => receive(integration, message, now)));
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
          now,
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
    await receive(integration, textMessage('first'), now);
    const before = statementCount();
    await receive(integration, textMessage('second'), now);
    const after = statementCount();
    assert.deepEqual(
      [after.transactions - before.transactions, after.statements - before.statements],
      [1, 3],
    );
  });
});
