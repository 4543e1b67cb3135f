import { strict as assert } from 'node:assert';
import type {
  Call,
  ExternalActionVersion,
  ModelMessage,
  ModelRequest,
  TakenTurn,
} from '../../activities/ports.ts';
import { ONLY_TALKING, replyRequest } from '../../activities/prompts/reply.ts';
import type { Acting } from '../../activities/prompts/reply.ts';
import { parseUnderstanding, understandingRequest } from '../../activities/prompts/understanding.ts';
import type { Understanding } from '../../activities/prompts/understanding.ts';
import { DEFAULT_AGENT_SETTINGS } from '../../domain/agent.ts';
import { bestMatch } from '../../domain/matching.ts';
import { resolveVariables } from '../../domain/variables.ts';
import { exampleActions } from '../seed-actions.ts';
import type { ChatMessage, JsonSchema } from './chat-request.ts';
import { whatIsWrongWithChat } from './chat-request.ts';
import { complete } from './completion.ts';
import { openScript } from './script.ts';

const ACTIONS: ExternalActionVersion[] = exampleActions('https://orders.example/hook').map((action, at) => ({
  ...action,
  id: `action-${at}`,
  version: 1,
  isActive: true,
  channelIntegrationId: 'c',
}));
const AT = new Date(0);

function taken(said: string, before: string[] = []): Extract<TakenTurn, { kind: 'taken' }> {
  return {
    kind: 'taken' as const,
    epoch: 0,
    messages: [
      { id: 'm', seq: 2, providerMessageId: 'p', at: AT, content: { kind: 'text' as const, text: said } },
    ],
    lastSeq: 2,
    plannedAlready: false,
    replyIsOut: false,
    escalates: null,
    wentOn: null,
    history: before.map((text, at) => ({
      from: at % 2 === 0 ? ('customer' as const) : ('agent' as const),
      content: { kind: 'text' as const, text },
      at: AT,
    })),
    summary: null,
    unsummarised: 0,
    settings: DEFAULT_AGENT_SETTINGS,
    idleSteps: [],
    answeredBy: 'agent',
    lastCustomerAt: null,
    externalActions: ACTIONS.length,
    channel: 'webchat' as const,
    contact: { name: null, phone: null },
    turn: 1,
  };
}

function open(over: Pick<Call, 'state' | 'arguments' | 'missing'>, at = 0): Call {
  return {
    id: 'open-call',
    organisationId: 'o',
    conversationId: 'c',
    origin: 'conversation',
    turn: 1,
    round: 0,
    step: 0,
    idempotencyKey: 'k',
    attempts: 0,
    plannedAt: AT,
    durationMs: null,
    statusCode: null,
    response: null,
    tool: 'external_action',
    externalAction: { id: `action-${at}`, version: 1 },
    proposal: null,
    digest: 'd',
    reliability: 'keyed',
    reason: null,
    result: null,
    confidence: 0.9,
    message: '',
    ...over,
  };
}

/** The request as the wire has it, checked as the real service would. */
function answered(request: ModelRequest): string {
  const messages = request.messages.map(onTheWire);
  const { schema } = request;
  const chat = {
    model: 'any',
    messages,
    ...(request.tools && {
      tools: request.tools.map((tool) => ({
        type: 'function' as const,
        function: { ...tool, parameters: tool.parameters as JsonSchema },
      })),
      tool_choice: request.toolChoice,
    }),
    ...(schema && {
      response_format: {
        type: 'json_schema',
        json_schema: { name: schema.name, schema: schema.schema as JsonSchema, strict: true },
      },
    }),
  };
  assert.equal(whatIsWrongWithChat(chat), undefined);
  return complete(chat, openScript()).content ?? '';
}

function onTheWire(message: ModelMessage): ChatMessage {
  if (message.role === 'tool')
    return { role: 'tool', content: message.content, tool_call_id: message.toolCallId };
  if (message.role !== 'assistant' || message.toolCalls === undefined) return message;
  const calls = message.toolCalls.map(({ id, ...call }) => ({ id, function: call }));
  return { role: 'assistant', content: null, tool_calls: calls };
}

function understand(said: string, waiting: Call | null = null, before?: string[]): Understanding {
  const request = understandingRequest(taken(said, before), { actions: ACTIONS, open: waiting });
  const text = answered(request);
  const answer = { text, toolCalls: [], finishReason: 'stop', model: 'm', inputTokens: 0, outputTokens: 0 };
  return parseUnderstanding(answer) ?? assert.fail(`not understood: ${text}`);
}

function matched(said: string): { action: string; values: object; missing: string[] } | null {
  const match = bestMatch(understand(said).candidates, ACTIONS);
  if (match === null) return null;
  return {
    action: match.action.actionName,
    ...resolveVariables(match.action.variables, match.variables),
  };
}

describe('the example actions and the offline model', () => {
  const orders: [string, string, number][] = [
    ['I want to order 2 Aurora lamps', 'Aurora lamps', 2],
    ['Saya mau pesan 3 lampu Aurora', 'lampu Aurora', 3],
    ['أريد شراء ٢ مصباح أورورا', 'مصباح أورورا', 2],
  ];
  for (const [said, product, quantity] of orders) {
    it(`INT-3 (EA Test 1; EA Test 3) finds create_order and its variables in “${said}”`, () => {
      assert.deepEqual(matched(said), { action: 'create_order', values: { product, quantity }, missing: [] });
    });
  }

  it('INT-3 finds the refund and its amount, and no wish for one in a question about refunds', () => {
    const refund = { action: 'refund', values: { amount: 150 }, missing: [] };
    for (const said of ['Please refund 150 dollars', 'I want a refund of 150 dollars'])
      assert.deepEqual(matched(said), refund, said);
    assert.equal(matched('How long does a refund take?'), null);
  });

  it('APR-3 tells what a colleague decided, in the words of the colleague or plainly', () => {
    const about = (decision: object) => {
      const text = `Background data, not written by me now: ${JSON.stringify({ decision_of_a_colleague: decision })}`;
      const messages = [
        { role: 'system', content: 'You help.' },
        { role: 'user', content: 'Saya mau refund' },
        { role: 'assistant', content: 'Sebentar.' },
        { role: 'user', content: text },
      ] as ChatMessage[];
      return complete({ model: 'm', messages }, openScript()).content;
    };
    assert.equal(about({ decision: 'approved', response: 'Oke.' }), 'Oke.');
    assert.match(about({ decision: 'denied', response: null }) ?? '', /tidak menyetujui/);
    const call = { action: 'qontak_chat_room_tag', state: 'succeeded', result: { ok: true, tags: ['vip'] } };
    assert.match(
      about({ decision: 'approved', response: null, call }) ?? '',
      /menyetujui permintaan Anda\. Selesai/,
    );
  });

  it('INT-2 (EA Test 2) falls back to the core intent where no action is meant', () => {
    for (const said of ['I have a technical problem: the app crashes', 'Where is my order 1234?', 'hello'])
      assert.equal(matched(said), null, said);
    assert.equal(understand('I have a technical problem: the app crashes').coreIntent, 'technical');
  });

  it('EXT-2 leaves out what was not said, and asks for it in the customer’s language', () => {
    assert.deepEqual(matched('I would like to buy a lamp'), {
      action: 'create_order',
      values: { product: 'lamp' },
      missing: ['quantity'],
    });
    const ask = {
      action: 'Create order',
      missing: [{ name: 'quantity', prompt: 'How many pieces' }],
    };
    const say = (said: string) =>
      answered(replyRequest(taken(said), { name: 'p', prompt: 'p' }, { ...ONLY_TALKING, ask }));
    assert.match(say('I would like to buy a lamp'), /For “Create order” I still need: How many pieces\.$/);
    assert.match(
      say('Saya mau pesan lampu'),
      /Untuk “Create order” saya masih memerlukan: How many pieces\.$/,
    );
  });

  it('EXT-2 takes a bare answer for the value that was asked for', () => {
    const forProduct = open({ state: 'gathering', arguments: { quantity: 2 }, missing: ['product'] });
    const answer = understand('Aurora', forProduct, ['I want to order a lamp', 'Which one?']);
    assert.equal(answer.pendingAnswer, 'changes');
    assert.deepEqual(answer.candidates[0]?.variables, { product: 'Aurora' });
    const forNumber = open({ state: 'gathering', arguments: { product: 'Aurora' }, missing: ['quantity'] });
    assert.deepEqual(understand('3 please', forNumber).candidates[0]?.variables, { quantity: 3 });
    assert.equal(understand('how long does delivery take?', forProduct).pendingAnswer, 'other');
    assert.equal(understand('tidak jadi', forProduct).pendingAnswer, 'refuses');
  });

  const answers: [string, Understanding['pendingAnswer']][] = [
    ['yes', 'agrees'],
    ['Go ahead', 'agrees'],
    ['ya, lanjut', 'agrees'],
    ['نعم', 'agrees'],
    ['no', 'refuses'],
    ['jangan', 'refuses'],
    ['لا', 'refuses'],
    ['no, order 5678', 'changes'],
    ['do you sell bulbs?', 'other'],
  ];
  for (const [said, answer] of answers) {
    it(`EXT-4 understands “${said}” to a question as: ${answer}`, () => {
      const waiting = open(
        { state: 'awaiting_confirmation', arguments: { order_number: '1234' }, missing: [] },
        1,
      );
      assert.equal(understand(said, waiting).pendingAnswer, answer);
    });
  }

  it('EXT-4 asks for the customer’s agreement where the product wants it, and says that it was done before', () => {
    const say = (said: string, again: boolean): string => {
      const confirm = { action: 'Create ticket', again };
      return answered(
        replyRequest(taken(said, ['hi', 'Hi']), { name: 'p', prompt: 'p' }, { ...ONLY_TALKING, confirm }),
      );
    };
    assert.equal(
      say('create a ticket for me', false),
      'Shall I do “Create ticket”? Please answer yes or no.',
    );
    assert.match(say('tolong buatkan tiket', true), /sekali lagi\? Jawab ya atau tidak\.$/);
  });

  it('EXT-4 says that nothing was done after a refusal', () => {
    const acting: Acting = { ...ONLY_TALKING, declined: 'Cancel order' };
    const text = answered(
      replyRequest(taken('no', ['cancel order 1234', 'Shall I?']), { name: 'p', prompt: 'p' }, acting),
    );
    assert.equal(text, 'All right: I have not done “Cancel order”.');
  });

  it('ACT-2 speaks of what a tool brought', () => {
    const done = (result: Call['result']): string => {
      const call: Call = {
        ...open({ state: 'succeeded', arguments: {}, missing: [] }),
        tool: 'qontak_crm_ticket_create',
        externalAction: null,
        proposal: { id: '', arguments: '{"name":"my lamp' },
        step: 1,
        result,
      };
      const request = replyRequest(
        taken('create a ticket for me', ['hello', 'Hello!']),
        { name: 'p', prompt: 'p' },
        { ...ONLY_TALKING, calls: [call] },
      );
      return answered(request);
    };
    assert.equal(done({ ok: true, id: '123' }), 'Ticket 123 was created.');
    assert.equal(done({ ok: false, error: 'no such stage' }), 'That did not work: no such stage.');
  });
});
