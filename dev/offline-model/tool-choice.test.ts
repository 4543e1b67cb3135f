import { strict as assert } from 'node:assert';
import type { ChatMessage, ChatRequest, ChatTool, JsonSchema } from './chat-request.ts';
import { complete } from './completion.ts';
import { PHRASES } from './phrases.ts';
import { openScript } from './script.ts';

const tool = (
  name: string,
  properties: Record<string, JsonSchema>,
  required = Object.keys(properties),
): ChatTool => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties, required } },
});
const TEXT: JsonSchema = { type: 'string' };
const TOOLS = [
  tool('qontak_crm_deal_create', { name: TEXT }),
  tool('qontak_crm_ticket_create', { name: TEXT, creator_id: { type: ['integer', 'null'] } }),
  tool('qontak_crm_ticket_update', { id: { type: 'integer' }, name: TEXT }, ['id']),
  tool('qontak_chat_room_assign', { assign_type: { type: 'string', enum: ['auto', 'division', 'agent'] } }),
  tool('qontak_chat_room_resolve', {}),
  tool('qontak_chat_room_tag', { tags: { type: 'array', items: TEXT } }),
  tool('submit_action_request', {
    request_type: TEXT,
    request_details: TEXT,
    priority: { enum: ['low', 'medium', 'high'], default: 'medium' },
  }),
];

function ask(messages: ChatMessage[], more: Partial<ChatRequest> = {}): ReturnType<typeof complete> {
  return complete({ model: 'any', messages, tools: TOOLS, ...more }, openScript());
}
const said = (content: string): ChatMessage[] => [{ role: 'user', content }];

describe('the tool calls of the offline model', () => {
  const wishes: [string, string, object][] = [
    [
      'create a ticket for me: my lamp is broken',
      'qontak_crm_ticket_create',
      { name: 'my lamp is broken', creator_id: null },
    ],
    [
      'Create a ticket for me',
      'qontak_crm_ticket_create',
      { name: 'Create a ticket for me', creator_id: null },
    ],
    [
      'tolong buatkan tiket soal lampu rusak',
      'qontak_crm_ticket_create',
      { name: 'lampu rusak', creator_id: null },
    ],
    ['افتح لي تذكرة بخصوص المصباح', 'qontak_crm_ticket_create', { name: 'المصباح', creator_id: null }],
    ['open a deal called "ten lamps"', 'qontak_crm_deal_create', { name: 'ten lamps' }],
    ['please update ticket 4456', 'qontak_crm_ticket_update', { id: 4456 }],
    ['let me talk to a person', 'qontak_chat_room_assign', { assign_type: 'auto' }],
    ['tutup percakapan', 'qontak_chat_room_resolve', {}],
    ['tag this as vip, urgent', 'qontak_chat_room_tag', { tags: ['vip', 'urgent'] }],
    [
      'I want a refund, high priority',
      'submit_action_request',
      {
        request_type: 'customer_request',
        request_details: 'I want a refund, high priority',
        priority: 'high',
      },
    ],
  ];
  for (const [text, name, given] of wishes) {
    it(`ACT-1 calls ${name} for “${text}”`, () => {
      const { calls, content, finishReason } = ask(said(text));
      assert.deepEqual([content, finishReason], [null, 'tool_calls']);
      assert.deepEqual(
        calls.map((call) => [call.name, JSON.parse(call.arguments) as object]),
        [[name, given]],
      );
    });
  }

  const farewells: [string, string, string][] = [
    ['Let me talk to a person please', 'qontak_chat_room_assign', PHRASES.en.handsOver],
    ['saya mau bicara dengan petugas', 'qontak_chat_room_assign', PHRASES.id.handsOver],
    ['أريد التحدث إلى موظف', 'qontak_chat_room_assign', PHRASES.ar.handsOver],
    ['please close this chat', 'qontak_chat_room_resolve', PHRASES.en.simple.bye],
    ['tolong tutup percakapan ini', 'qontak_chat_room_resolve', PHRASES.id.simple.bye],
  ];
  for (const [text, name, lastWords] of farewells) {
    it(`ACT-5 says goodbye in words of its own to “${text}”`, () => {
      const tools = [tool(name, { closing_message: TEXT }, [])];
      const argumentsAt = (messages: ChatMessage[]) =>
        JSON.parse(ask(messages, { tools }).calls[0]?.arguments ?? '{}') as object;
      const before: ChatMessage[] = [...said('ok'), { role: 'assistant', content: 'Hello!' }];
      assert.deepEqual(argumentsAt([...before, ...said(text)]), { closing_message: lastWords });
      const { closing_message: first } = argumentsAt(said(text)) as { closing_message: string };
      assert.ok(first.includes(lastWords) && !first.includes(text), first);
    });
  }

  it('ACT-10 calls nothing that is not on offer or not allowed', () => {
    assert.deepEqual(ask(said('create a ticket for me'), { tools: [TOOLS[0] as ChatTool] }).calls, []);
    assert.deepEqual(ask(said('create a ticket for me'), { tool_choice: 'none' }).calls, []);
    assert.deepEqual(ask(said('hello')).calls, []);
  });

  it('ACT-1 calls the tool that is demanded', () => {
    const demanded = { type: 'function', function: { name: 'qontak_crm_deal_create' } } as const;
    assert.equal(ask(said('hello'), { tool_choice: demanded }).calls[0]?.name, 'qontak_crm_deal_create');
    assert.equal(ask(said('hello'), { tool_choice: 'required' }).calls.length, 1);
  });

  it('ACT-1 reports what a tool brought instead of calling it again', () => {
    const report = (...results: string[]): string => {
      const calls = results.map((_, at) => ({
        id: `c${at}`,
        function: { name: 'qontak_crm_ticket_create', arguments: '{}' },
      }));
      return (
        ask([
          { role: 'user', content: 'hello' },
          { role: 'assistant', content: 'Hello!' },
          { role: 'user', content: 'create a ticket for me' },
          { role: 'assistant', tool_calls: calls },
          ...results.map((content, at) => ({ role: 'tool' as const, content, tool_call_id: `c${at}` })),
        ]).content ?? ''
      );
    };
    assert.equal(report('{"success":true,"ticket_id":77}'), 'Ticket 77 was created.');
    assert.equal(report('{"success":false,"error":"no pipeline"}'), 'That did not work: no pipeline.');
    assert.equal(report('{"ok":true,"id":"78"}'), 'Ticket 78 was created.');
    assert.equal(report('{"ok":false,"state":"unknown"}'), PHRASES.en.unsure);
    assert.equal(report('{"summary":"Ticket 77 opened."}', 'ok'), 'Done: Ticket 77 opened. Done: ok.');
  });
});
