import { setTimeout as pause } from 'node:timers/promises';
import type { Harness } from './harness.ts';
import { PLAIN } from './shapes.ts';

/** As `Shape`; with the ids of the requests to operators that came of it, where there are some. */
export type PeopleShape = (
  harness: Harness,
) => Promise<string | { conversation: string; approvals: string[] }>;

/** What these shapes switch on, and the next one must not find. */
const CALM = {
  idle_rule: null,
  escalation_rules: [],
  escalation_assignee: null,
  response_time_seconds: 900,
  tools: [],
};
const HOUR = 3_600;
/** Plays with an agent that differs from the plain one in `settings`. */
export async function withAgent<T>(harness: Harness, settings: object, play: () => Promise<T>): Promise<T> {
  const flags = { ai_agent_sequential_idle: true, actions_center: true };
  await harness.ask('admin', 'PUT', '/v1/feature-flags', flags);
  await harness.agent({ ...PLAIN, ...settings });
  try {
    return await play();
  } finally {
    await harness.agent(CALM);
    await harness.model({ reset: true });
  }
}

const silentAfter = (steps: object[]) => ({ idle_rule: { steps } });
const nudge = (duration: number) => ({ action: 'follow_up', duration, message: 'Still there?' });

/** Shapes of conversation that people are in the loop of, and those that nobody answers. */
export const PEOPLE_SHAPES: Record<string, PeopleShape> = {
  'idle-nudge-and-reset': (harness) =>
    withAgent(harness, silentAfter([nudge(2), nudge(HOUR)]), async () => {
      const customer = harness.customer('generic');
      const conversation = await customer.says('hello');
      await customer.hears('sent', 'sent');
      await harness.happened(conversation, 'ai_agent_idle_step_fired', 1);
      await customer.says('here I am');
      await customer.hears('sent', 'sent', 'sent', 'sent');
      await harness.happened(conversation, 'ai_agent_idle_step_fired', 2);
      await customer.isDoneWith();
      return conversation;
    }),

  'idle-assigned': (harness) =>
    withAgent(
      harness,
      silentAfter([{ action: 'assign', duration: 1, assign: { type: 'auto' } }, nudge(1)]),
      async () => {
        const customer = harness.customer('generic');
        const conversation = await customer.says('hello');
        await harness.happened(conversation, 'ai_agent_idle_step_fired', 2);
        await customer.hears('sent', 'sent');
        await harness.operate(conversation, 'hand-back');
        await customer.says('is somebody there?');
        await customer.hears('sent', 'sent', 'sent');
        await customer.isDoneWith();
        return conversation;
      },
    ),

  'idle-nudge-tried-again': (harness) =>
    withAgent(harness, silentAfter([nudge(2), nudge(HOUR)]), async () => {
      const customer = harness.customer('generic');
      const conversation = await customer.says('hello');
      await customer.hears('sent');
      await harness.receiver({ fail: [{ status: 503, times: 2 }] });
      await harness.happened(conversation, 'ai_agent_idle_step_fired', 1);
      await customer.says('here I am');
      await customer.hears('sent', 'sent', 'sent');
      await customer.isDoneWith();
      return conversation;
    }),

  'idle-resolved': (harness) =>
    withAgent(
      harness,
      silentAfter([nudge(1), { action: 'resolve', duration: 1, message: 'Goodbye.' }]),
      async () => {
        const customer = harness.customer('generic');
        const conversation = await customer.says('hello');
        await customer.hears('sent', 'sent', 'sent');
        await customer.isDoneWith();
        // The run ends.
        await pause(1_000);
        return conversation;
      },
    ),

  escalated: (harness) => {
    const rule = { name: 'boss', condition: 'text contains "manager"', reason: 'Wants the manager' };
    return withAgent(harness, { escalation_rules: [rule], escalation_assignee: 'U0123456789' }, async () => {
      const customer = harness.customer('generic');
      const conversation = await customer.says('I want to speak to the manager');
      await customer.hears('sent');
      await harness.happened(conversation, 'conversation_escalated', 1);
      await customer.isDoneWith();
      await customer.says('hello?');
      await customer.isDoneWith();
      await harness.operate(conversation, 'take-over');
      await harness.operate(conversation, 'hand-back');
      await customer.says('thanks, and now?');
      await customer.hears('sent', 'sent');
      await customer.isDoneWith();
      return conversation;
    });
  },

  'never-answered': (harness) => {
    const rule = { name: 'boss', condition: 'text contains "manager"', reason: 'Wants the manager' };
    const calling = {
      escalation_rules: [rule],
      escalation_assignee: 'U0123456789',
      response_time_seconds: 10,
    };
    return withAgent(harness, calling, async () => {
      const customer = harness.customer('generic');
      const conversation = await customer.says('I want to speak to the manager');
      await customer.hears('sent');
      await harness.happened(conversation, 'human_reminded', 1);
      await customer.says('hello?');
      await harness.happened(conversation, 'human_rerouted', 1);
      await customer.says('is anybody there?');
      await harness.happened(conversation, 'human_unanswered', 1);
      await customer.hears('sent', 'sent');
      await customer.says('then go on, please');
      await customer.hears('sent', 'sent', 'sent');
      await customer.isDoneWith();
      return conversation;
    });
  },

  'operator-replied': (harness) =>
    withAgent(harness, {}, async () => {
      const customer = harness.customer('generic');
      const conversation = await customer.says('hello');
      await customer.hears('sent');
      await harness.operate(conversation, 'take-over');
      const reply = (text: string) =>
        harness.ask('operator', 'POST', `/v1/conversations/${conversation}/reply`, { text });
      await reply('I am Olga');
      await customer.hears('sent', 'sent');
      await customer.says('are you a person?');
      await reply('Yes');
      await customer.hears('sent', 'sent', 'sent');
      await customer.isDoneWith();
      await harness.operate(conversation, 'hand-back');
      await customer.says('and now?');
      await customer.hears('sent', 'sent', 'sent', 'sent');
      await customer.isDoneWith();
      return conversation;
    }),
};
