import { setTimeout as pause } from 'node:timers/promises';
import type { Harness } from './harness.ts';

/** Plays one shape of conversation and resolves to its id, nothing left to do in it. */
export type Shape = (harness: Harness) => Promise<string>;

/** An agent whose turns need no understanding call, and that can do nothing but talk. */
export const PLAIN = {
  personalities: {},
  natural_language_escalation: false,
  wait_time_seconds: 0,
  regroup: true,
  tools: [],
  confirmation_timeout_seconds: 900,
  action_patience_seconds: 15,
};

/** Every shape of conversation whose history the replay test keeps (CONV-9). */
export const SHAPES: Record<string, Shape> = {
  'plain-turns': async (harness) => {
    await harness.agent(PLAIN);
    const customer = harness.customer('generic');
    let conversation = '';
    for (let turn = 1; turn <= 3; turn++) {
      conversation = await customer.says(`question ${turn}`);
      await customer.hears(...Array<string>(turn).fill('sent'));
    }
    await customer.isDoneWith();
    return conversation;
  },

  'buffered-burst': async (harness) => {
    await harness.agent({ ...PLAIN, wait_time_seconds: 1, wait_cap_seconds: 3 });
    const customer = harness.customer('generic');
    for (const word of ['one', 'two', 'three']) {
      await customer.says(word);
      await pause(600);
    }
    await customer.hears('sent');
    const conversation = await customer.says('and again');
    await customer.hears('sent', 'sent');
    return conversation;
  },

  understood: async (harness) => {
    await harness.agent({
      ...PLAIN,
      personalities: { sales: { name: 'Sam', prompt: 'Sell.' }, billing: { name: 'Bo', prompt: 'Bill.' } },
    });
    const customer = harness.customer('generic');
    const conversation = await customer.says('where is my invoice?');
    await customer.hears('sent');
    return conversation;
  },

  regrouped: async (harness) => {
    await harness.agent(PLAIN);
    await harness.model({ latency_ms: 1500 });
    const customer = harness.customer('generic');
    await customer.says('first');
    await pause(500);
    const conversation = await customer.says('no, wait: second');
    await customer.hears('sent');
    await customer.isDoneWith();
    await harness.model({ reset: true });
    return conversation;
  },

  fallback: async (harness) => {
    await harness.agent(PLAIN);
    await harness.model({ fail: [{ status: 400, times: 1 }] });
    const customer = harness.customer('generic');
    const conversation = await customer.says('does this work?');
    await customer.hears('sent');
    await harness.model({ reset: true });
    return conversation;
  },

  'send-tried-again': async (harness) => {
    await harness.agent(PLAIN);
    await harness.receiver({ fail: [{ status: 503, times: 2 }] });
    const customer = harness.customer('generic');
    const conversation = await customer.says('are you there?');
    await customer.hears('sent');
    return conversation;
  },

  'uncertain-delivery': async (harness) => {
    await harness.agent(PLAIN);
    await harness.graph({ statuses: 'none', fail: [{ when: 'after', drop: true }] });
    const customer = harness.customer('whatsapp');
    const conversation = await customer.says('hello?');
    await customer.hears('uncertain');
    await harness.graph({ statuses: 'sent,delivered,read' });
    await customer.says('still there?');
    await customer.hears('uncertain', 'read');
    return conversation;
  },

  'report-during-a-turn': async (harness) => {
    await harness.agent(PLAIN);
    await harness.graph({ statuses: 'read', status_delay_ms: 3500, fail: [{ when: 'after', drop: true }] });
    const customer = harness.customer('whatsapp');
    await customer.says('hello?');
    await customer.hears('sending');
    // The far timer fires and the report comes while the next turn still waits for its model.
    await harness.model({ latency_ms: 5000 });
    const conversation = await customer.says('still there?');
    await customer.hears('read', 'read');
    await harness.model({ reset: true });
    await customer.says('good');
    await customer.hears('read', 'read', 'read');
    await customer.isDoneWith();
    await harness.graph({ statuses: 'sent,delivered,read', status_delay_ms: 0 });
    return conversation;
  },

  'take-over-and-hand-back': async (harness) => {
    await harness.agent(PLAIN);
    const customer = harness.customer('generic');
    const conversation = await customer.says('hello');
    await customer.hears('sent');
    await harness.operate(conversation, 'take-over');
    await customer.says('is this a person?');
    await customer.isDoneWith();
    await harness.operate(conversation, 'hand-back');
    await customer.says('and now?');
    await customer.hears('sent', 'sent');
    await customer.isDoneWith();
    return conversation;
  },

  'assigned-from-a-queue': async (harness) => {
    await harness.agent(PLAIN);
    const customer = harness.customer('generic');
    const conversation = await customer.says('hello');
    await customer.hears('sent');
    const division = await harness.division();
    await harness.operate(conversation, 'assign', { assign_type: 'division', division_id: division.id });
    await customer.says('is somebody there?');
    await customer.isDoneWith();
    await division.operatorComes();
    await customer.says('hello, Olga');
    await customer.isDoneWith();
    await harness.operate(conversation, 'hand-back');
    await customer.says('and now?');
    await customer.hears('sent', 'sent');
    await customer.isDoneWith();
    return conversation;
  },

  'resolved-and-reopened': async (harness) => {
    await harness.agent(PLAIN);
    const customer = harness.customer('generic');
    const conversation = await customer.says('thanks, that was all');
    await customer.hears('sent');
    await harness.operate(conversation, 'resolve');
    await customer.isDoneWith();
    await customer.says('one more thing');
    await customer.hears('sent', 'sent');
    return conversation;
  },

  'continue-as-new': async (harness) => {
    await harness.agent(PLAIN);
    const customer = harness.customer('generic');
    let conversation = '';
    for (let turn = 1; turn <= 8; turn++) {
      conversation = await customer.says(`question ${turn}`);
      await customer.hears(...Array<string>(turn).fill('sent'));
    }
    return conversation;
  },
};
