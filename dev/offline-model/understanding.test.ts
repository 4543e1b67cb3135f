import { strict as assert } from 'node:assert';
import type { JsonSchema } from './chat-request.ts';
import { read } from './reading.ts';
import { understanding } from './understanding.ts';

const CORE: JsonSchema = { type: 'string', enum: ['sales', 'support', 'general', 'technical', 'billing'] };
const strict = (properties: Record<string, JsonSchema>): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const candidate = (variables: JsonSchema): JsonSchema =>
  strict({ action: { type: 'string' }, confidence: { type: 'number' }, variables });
const NAMED_VALUES: JsonSchema = {
  type: 'array',
  items: strict({ name: { type: 'string' }, value: { type: 'string' } }),
};
const schema = (variables: JsonSchema = NAMED_VALUES): JsonSchema =>
  strict({
    core_intent: CORE,
    wants_human: { type: 'boolean' },
    candidates: { type: 'array', items: candidate(variables) },
  });

const ACTIONS = [
  {
    action: 'book_appointment',
    description: 'Books a visit',
    examples: ['I want to book an appointment', 'saya mau buat janji temu', 'أريد حجز موعد'],
    variables: [
      { name: 'date', type: 'date' },
      { name: 'guests', type: 'whole number' },
      { name: 'service', options: ['cleaning', 'whitening'] },
    ],
  },
  {
    action: 'check_order',
    description: 'Looks up',
    examples: [{ text: 'where is my order', language: 'en' }],
    variables: ['order_id'],
  },
];

interface Understood {
  core_intent: string;
  wants_human: boolean;
  candidates: { action: string; confidence: number; variables: unknown }[];
}

function understood(said: string | string[], wanted = schema()): Understood {
  const system = `Actions [as JSON]:\n${JSON.stringify(ACTIONS, null, 1)}\nEnd {of} the list.`;
  const users = [said].flat().map((content) => ({ role: 'user' as const, content }));
  return understanding(wanted, read([{ role: 'system', content: system }, ...users])) as Understood;
}

describe('the understanding of the offline model', () => {
  const intents: [string, string[]][] = [
    ['billing', ['I want a refund', 'tagihan saya salah', 'أين الفاتورة؟']],
    ['technical', ['I cannot log in', 'aplikasinya eror', 'التطبيق لا يعمل']],
    ['sales', ['how much is it?', 'berapa harganya?', 'بكم المصباح؟']],
    ['support', ['has my parcel shipped?', 'paket saya di mana?', 'أين طلبي؟']],
    ['general', ['hello', 'halo', 'مرحبا']],
  ];
  for (const [intent, texts] of intents) {
    it(`INT-1 finds the core intent ${intent} in three languages`, () => {
      assert.deepEqual(
        texts.map((text) => understood(text).core_intent),
        texts.map(() => intent),
      );
    });
  }

  it('INT-4 says whether a person was asked for', () => {
    assert.equal(understood('let me speak to a human').wants_human, true);
    assert.equal(understood('are you a human?').wants_human, false);
  });

  it('INT-2 names the actions that could be meant, surest for a training example in any language', () => {
    for (const text of ['Can I book an appointment?', 'Mau buat janji temu dong', 'أريد حجز موعد غدا']) {
      const [first] = understood(text).candidates;
      assert.deepEqual([first?.action, first?.confidence], ['book_appointment', 0.97]);
    }
    const half = understood('an appointment').candidates[0];
    assert.ok(half !== undefined && half.confidence < 0.8);
    assert.deepEqual(understood('hello there').candidates, []);
  });

  it('EXT-2 takes variables from the words, and leaves out those that were not said', () => {
    const [first] = understood('book an appointment on 2026-12-24, whitening please').candidates;
    assert.deepEqual(first?.variables, [
      { name: 'date', value: '2026-12-24' },
      { name: 'service', value: 'whitening' },
    ]);
    const [order] = understood('where is my order ORD-991').candidates;
    assert.deepEqual(order?.variables, [{ name: 'order_id', value: 'ORD-991' }]);
  });

  it('EXT-2 gives variables in the form the schema asks for', () => {
    const inForm = (variables: JsonSchema): unknown =>
      understood('where is my order ORD-991', schema(variables)).candidates[0]?.variables;
    assert.deepEqual(inForm({ type: 'object' }), { order_id: 'ORD-991' });
    assert.deepEqual(inForm(strict({ order_id: { type: 'string' }, other: { type: ['string', 'null'] } })), {
      order_id: 'ORD-991',
      other: null,
    });
    assert.equal(inForm({ type: 'string' }), '{"order_id":"ORD-991"}');
  });

  it('INT-4 fills properties it knows nothing of with the emptiest value allowed', () => {
    const more = strict({
      core_intent: CORE,
      confirmed: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
      note: { type: 'string' },
      score: { type: 'integer', minimum: 1 },
      parts: { $ref: '#/$defs/parts' },
    });
    more.$defs = { parts: { type: 'array', minItems: 1, items: strict({ kind: { enum: ['a', 'b'] } }) } };
    assert.deepEqual(understood('hello', more), {
      core_intent: 'general',
      confirmed: null,
      note: '',
      score: 1,
      parts: [{ kind: 'a' }],
    });
  });
});
