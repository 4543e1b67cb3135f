import { setTimeout as pause } from 'node:timers/promises';
import type { Harness } from './harness.ts';
import { PLAIN } from './shapes.ts';
import type { Shape } from './shapes.ts';

const ORDER = 'I want to order 3 lamps';

/** The model calls this tool once; then its own rules answer. */
const calls = (harness: Harness, name: string, given: object = {}): Promise<void> =>
  harness.model({ script: [{ when: '', times: 1, tool_calls: [{ name, arguments: given }] }] });

/** Shapes of conversation in which the agent acts. */
export const ACTING_SHAPES: Record<string, Shape> = {
  'tool-round': async (harness) => {
    const tag = { node_type: 'qontak_chat_room_tag', fields: {} };
    await harness.agent({ ...PLAIN, tools: [tag] });
    await calls(harness, tag.node_type, { tags: ['lamps'] });
    const customer = harness.customer('generic');
    const conversation = await customer.says('I like your lamps');
    await customer.hears('sent');
    await customer.isDoneWith();
    await harness.model({ reset: true });
    return conversation;
  },

  'tool-tried-again': async (harness) => {
    const ticket = {
      node_type: 'qontak_crm_ticket_create',
      fields: { crm_pipeline_id: 1, crm_stage_id: 11 },
    };
    await harness.agent({ ...PLAIN, tools: [ticket] });
    await harness.crm({ fail: [{ status: 503, times: 2, match: 'tickets' }] });
    await calls(harness, ticket.node_type, { name: 'My lamp flickers' });
    const customer = harness.customer('generic');
    const conversation = await customer.says('my lamp flickers');
    await customer.hears('sent');
    await harness.callIs(conversation, 'succeeded');
    await customer.isDoneWith();
    await harness.model({ reset: true });
    return conversation;
  },

  'external-action-confirmed': async (harness) => {
    await harness.agent(PLAIN);
    return harness.withExternalAction({ requires_confirmation: true }, async () => {
      const customer = harness.customer('generic');
      await customer.says(ORDER);
      await customer.hears('sent');
      await customer.says('no, not now');
      await customer.hears('sent', 'sent');
      await customer.says(ORDER);
      await customer.hears('sent', 'sent', 'sent');
      const conversation = await customer.says('yes, please do');
      await customer.hears('sent', 'sent', 'sent', 'sent');
      await harness.callIs(conversation, 'succeeded');
      await customer.isDoneWith();
      return conversation;
    });
  },

  'external-action-late': async (harness) => {
    await harness.agent({ ...PLAIN, action_patience_seconds: 1 });
    await harness.orders({ latency_ms: 3_000 });
    return harness.withExternalAction({}, async () => {
      const customer = harness.customer('generic');
      await customer.says(ORDER);
      await customer.hears('sent');
      const conversation = await customer.says('good morning');
      await customer.hears('sent', 'sent', 'sent');
      await harness.callIs(conversation, 'succeeded');
      await customer.isDoneWith();
      await harness.orders({ latency_ms: 0 });
      return conversation;
    });
  },

  'missing-variables': async (harness) => {
    await harness.agent(PLAIN);
    return harness.withExternalAction({}, async () => {
      const customer = harness.customer('generic');
      const conversation = await customer.says('I want to order a Senja lamp');
      await customer.hears('sent');
      await harness.callIs(conversation, 'gathering');
      await customer.says('2 pieces');
      await customer.hears('sent', 'sent');
      await harness.callIs(conversation, 'succeeded');
      await customer.isDoneWith();
      return conversation;
    });
  },

  'question-expired': async (harness) => {
    await harness.agent(PLAIN);
    await harness.answersWithin(1.5);
    return harness.withExternalAction({ requires_confirmation: true }, async () => {
      const customer = harness.customer('generic');
      const conversation = await customer.says(ORDER);
      await customer.hears('sent');
      await harness.callIs(conversation, 'cancelled');
      await customer.says('yes');
      await customer.hears('sent', 'sent');
      await customer.isDoneWith();
      return conversation;
    });
  },

  'assigned-by-a-tool': async (harness) => {
    const assign = {
      node_type: 'qontak_chat_room_assign',
      fields: { assign_type: 'auto', closing_message: 'A colleague takes over.' },
    };
    await harness.agent({ ...PLAIN, tools: [assign] });
    await calls(harness, assign.node_type);
    const customer = harness.customer('generic');
    const conversation = await customer.says('may I speak to a person?');
    await customer.hears('sent');
    await customer.isDoneWith();
    await harness.model({ reset: true });
    await customer.says('hello?');
    await customer.isDoneWith();
    await harness.operate(conversation, 'hand-back');
    await customer.says('thanks, and now?');
    await customer.hears('sent', 'sent');
    await customer.isDoneWith();
    return conversation;
  },

  'resolved-by-a-tool': async (harness) => {
    const resolve = {
      node_type: 'qontak_chat_room_resolve',
      fields: { closing_message: 'Goodbye.' },
    };
    await harness.agent({ ...PLAIN, tools: [resolve] });
    await calls(harness, resolve.node_type);
    const customer = harness.customer('generic');
    await customer.says('thanks, that was all');
    await customer.hears('sent');
    await customer.isDoneWith();
    await harness.model({ reset: true });
    // The run ends; sooner, the message would keep it going.
    await pause(1_000);
    const conversation = await customer.says('one more thing');
    await customer.hears('sent', 'sent');
    await customer.isDoneWith();
    return conversation;
  },
};
