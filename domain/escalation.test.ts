import { strict as assert } from 'node:assert';
import {
  assigneeOf,
  attemptsIn,
  escalationFacts,
  escalationProblems,
  ESCALATION_FACTS,
  firstMatch,
  readEscalationRules,
} from './escalation.ts';
import { DEFAULT_ESCALATION_NOTICES, escalationNoticeProblems, fillNotice } from './escalation-notices.ts';

const turn = (texts: string[], recent: string[] = []) =>
  escalationFacts({
    texts,
    recent,
    channel: 'whatsapp',
    turn: 2,
    coreIntent: 'billing',
    wantsHuman: false,
    customerName: null,
  });
const rule = (name: string, condition: string, reason?: string) => ({ name, condition, reason });

describe('escalation', () => {
  it('ESC-1 (ESC Task 1 metadata) counts the messages that speak of money, in any case and inside a word', () => {
    assert.equal(
      attemptsIn([
        'BILLING',
        'my invoices',
        'recharged',
        'prepayment',
        'a Subscription',
        'refunded twice: refund',
      ]),
      6,
    );
    assert.equal(attemptsIn(['hello', '', 'in voice', 'tagihan']), 0);
  });

  it('ESC-1 (ESC Task 1 metadata) counts the present messages with those of the window', () => {
    const facts = turn(['where is my refund?', 'hello?'], ['I was charged twice', 'Sorry to hear that']);
    assert.equal(facts.attempts, 2);
    assert.equal(facts.billing_dispute, true);
    assert.equal(turn(['hello']).billing_dispute, false);
    assert.deepEqual(Object.keys(facts).sort(), [...ESCALATION_FACTS].sort());
  });

  it('ESC-1 takes the first rule that holds, and tells its reason, else its condition', () => {
    const rules = [
      rule('never', 'turn > 5'),
      rule('dispute', 'billing_dispute and attempts >= 2', 'Repeated billing question'),
      rule('any', 'text contains "REFUND"'),
    ];
    const facts = turn(['a refund, please'], ['I was charged']);
    assert.deepEqual(firstMatch(rules, facts), { name: 'dispute', reason: 'Repeated billing question' });
    assert.deepEqual(firstMatch(rules.toReversed(), facts), {
      name: 'any',
      reason: 'text contains "REFUND"',
    });
    assert.equal(firstMatch(rules, turn(['hello'])), null);
    assert.deepEqual(firstMatch([rule('blank', 'true', '  ')], facts), { name: 'blank', reason: 'true' });
  });

  it('ESC-1 lets a rule that cannot be read or told match nothing, and go on to the next', () => {
    const rules = [
      rule('broken', 'text contains'),
      rule('strange', 'toString'),
      rule('silent', 'customer_name > 1'),
    ];
    assert.equal(firstMatch(rules, turn(['x'])), null);
    assert.equal(firstMatch([...rules, rule('last', 'channel == "whatsapp"')], turn(['x']))?.name, 'last');
  });

  it('ESC-1 reads rules in the source document’s shape, and leaves out what is none', () => {
    const stored = [
      { condition: 'attempts > 2' },
      null,
      'attempts',
      { name: 'no condition' },
      { name: ' ', condition: 'x' },
    ];
    assert.deepEqual(readEscalationRules(stored), [
      { name: 'rule 1', condition: 'attempts > 2' },
      { name: 'rule 5', condition: 'x' },
    ]);
    for (const none of [null, undefined, {}, 'x', 7]) assert.deepEqual(readEscalationRules(none), []);
  });

  it('ESC-1 refuses conditions that cannot be read or speak of what nobody knows, at their place', () => {
    const problems = escalationProblems([
      rule('fine', 'wants_human or core_intent == "billing" and customer_name != null'),
      rule('broken', 'attempts >'),
      rule('typo', 'attemps > 2'),
    ]);
    assert.deepEqual(
      problems.map(({ field, message }) => [field, message.slice(0, 14)]),
      [
        ['1.condition', 'at character 1'],
        ['2.condition', 'at character 1'],
      ],
    );
    assert.match(problems[0]?.message ?? '', /^at character 11: /);
  });

  it('ESC-2 knows a member from a Slack user, and from neither', () => {
    const memberId = 'b9d1f3f0-1111-4222-8333-444455556666';
    assert.deepEqual(assigneeOf(memberId), { kind: 'member', memberId });
    assert.deepEqual(assigneeOf('U02ABC9XYZ'), { kind: 'slack', userId: 'U02ABC9XYZ' });
    for (const nobody of ['', 'budi', '@budi', 'C0123456', 'U', 'u02abc9xyz'])
      assert.equal(assigneeOf(nobody), null, nobody);
  });

  it('ESC-3 accepts its own notices, and refuses empty ones and placeholders that lead nowhere', () => {
    assert.deepEqual(escalationNoticeProblems(DEFAULT_ESCALATION_NOTICES), []);
    const fields = escalationNoticeProblems({
      called: ' ',
      waiting: 'We open at {{next_opening}}',
      closed: '{{customer_name}}, we open at {{next_opening}}',
      offer: 'x'.repeat(2001),
    }).map(({ field }) => field);
    assert.deepEqual(fields, ['called', 'waiting', 'offer']);
  });

  it('ESC-3 leaves the place of a name out that nobody knows', () => {
    const notice = '{{customer_name}}, we open at {{next_opening}}. Until then, {{customer_name}}!';
    const nextOpening = 'Monday 09:00';
    const filled = (customerName: string | null) => fillNotice(notice, { customerName, nextOpening });
    assert.equal(filled('Budi'), 'Budi, we open at Monday 09:00. Until then, Budi!');
    assert.equal(filled(null), 'we open at Monday 09:00. Until then!');
  });
});
