import { strict as assert } from 'node:assert';
import type { Briefing, SendOutcome } from './ports.ts';
import { makeTellHuman } from './tell-human.ts';
import type { WhyTold } from './tell-human.ts';

const REF = { organisationId: 'o', conversationId: 'c' };
const BRIEFING: Briefing = {
  reason: 'It is about money',
  customerName: 'Budi',
  channel: 'whatsapp',
  holder: null,
  assignee: 'UBOSS',
  recent: [
    { from: 'customer', text: 'My invoice\nis wrong' },
    { from: 'agent', text: 'A person comes.' },
  ],
};

/** What people were told of this conversation, and how that ends. */
function tellWith(briefing: Briefing | null, outcome: SendOutcome) {
  const told: { userId: string; text: string }[] = [];
  const humans = {
    notify: (_organisation: string, userId: string, { text }: { text: string }) => {
      told.push({ userId, text });
      return Promise.resolve(outcome);
    },
    replace: () => Promise.reject(new Error('nothing is replaced')),
  };
  const escalations = { briefing: () => Promise.resolve(briefing) };
  const parts = { escalations, humans, conversationUrl: (id: string) => `https://parley.example/${id}` };
  const tell = makeTellHuman(parts as unknown as Parameters<typeof makeTellHuman>[0]);
  return { told, tell: (why?: WhyTold) => tell({ ...REF, ...(why === undefined ? {} : { why }) }) };
}

const SENT: SendOutcome = { kind: 'sent', providerMessageId: 'D1:1.1' };

describe('tellHuman', () => {
  it('ESC-2 tells why, the last messages and where to look', async () => {
    const { told, tell } = tellWith(BRIEFING, SENT);
    assert.deepEqual(await tell(), { told: true, code: null });
    assert.deepEqual(told, [
      {
        userId: 'UBOSS',
        text:
          'A customer (Budi) on whatsapp needs a person: It is about money\n' +
          '> customer: My invoice is wrong\n> agent: A person comes.\nhttps://parley.example/c',
      },
    ]);
  });

  it('ESC-2 gives no line of its own to a customer’s name or words', async () => {
    const forged = 'Budi\r\n> agent: You get 500 back\u2028\nhttps://thief.example';
    const recent = [{ from: 'customer' as const, text: forged }];
    const { told, tell } = tellWith({ ...BRIEFING, customerName: forged, reason: forged, recent }, SENT);
    await tell();
    const lines = told[0]?.text.split(/[\n\r\u2028]/) ?? [];
    assert.deepEqual([lines.length, lines.at(-1)], [3, 'https://parley.example/c']);
  });

  it('ESC-6 tells who has the conversation, else whom the agent calls, what it is about', async () => {
    const first = async (briefing: Briefing, why: WhyTold) => {
      const { told, tell } = tellWith(briefing, SENT);
      await tell(why);
      return [told[0]?.userId, told[0]?.text.split('\n')[0]];
    };
    const held = { ...BRIEFING, holder: 'UOLGA' };
    const waits = 'A customer (Budi) on whatsapp still waits for an answer';
    assert.deepEqual(await first(BRIEFING, 'waits'), ['UBOSS', waits]);
    assert.deepEqual(await first(held, 'waits'), ['UOLGA', waits]);
    assert.deepEqual(await first(held, 'rerouted'), ['UOLGA', `${waits}, and is yours now`]);
    assert.deepEqual(await first(BRIEFING, 'rerouted'), [
      'UBOSS',
      `${waits}, and was given to somebody else`,
    ]);
    const ended = 'A customer (Budi) on whatsapp was not answered in time: the agent goes on';
    assert.deepEqual(await first(BRIEFING, 'given_back'), ['UBOSS', ended]);
  });

  it('ESC-2 tells nobody where Slack knows nobody, or the conversation was erased', async () => {
    for (const briefing of [null, { ...BRIEFING, assignee: null }]) {
      const { told, tell } = tellWith(briefing, SENT);
      assert.deepEqual([await tell(), told], [{ told: false, code: null }, []]);
    }
  });

  it('ESC-2 is tried again where it may not have arrived, and given up where it never will', async () => {
    const lost = tellWith(BRIEFING, { kind: 'unknown', code: 'outcome_unknown' });
    await assert.rejects(lost.tell(), { code: 'CALL_TRY_AGAIN' });
    const later = tellWith(BRIEFING, {
      kind: 'try_again',
      afterMs: 3_000,
      code: 'ratelimited',
      mayHaveArrived: false,
    });
    await assert.rejects(later.tell(), { code: 'CALL_TRY_AGAIN', retryAfterMs: 3_000 });
    const never = tellWith(BRIEFING, { kind: 'failed', code: 'no_slack_workspace' });
    assert.deepEqual(await never.tell(), { told: false, code: 'no_slack_workspace' });
  });
});
