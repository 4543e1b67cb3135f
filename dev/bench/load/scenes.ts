import { until } from '../../until.ts';
import { median } from '../measure/quantile.ts';
import type { Histories } from '../measure/histories.ts';
import type { AgentSetting, BenchStage } from './bench-stage.ts';
import { burst, converse, customers, type Customer } from './play.ts';

/** So far apart that each message is a workflow task of its own, the dearest case; all inside one wait. */
const GAP_MS = 200;
/** Long enough that a turn is over before the step is due. */
const NUDGE_SECONDS = 4;
const HOURS_LATER = 80_000;
const PATIENCE_MS = 60_000;

const AT_ONCE = { wait_time_seconds: 0, wait_cap_seconds: 0 };
const NUDGED: AgentSetting = {
  ...AT_ONCE,
  ai_agent_sequential_idle: true,
  idle_rule: {
    steps: [NUDGE_SECONDS, HOURS_LATER].map((duration) => ({
      action: 'follow_up',
      duration,
      message: 'Still there?',
    })),
  },
};
const ASKING: AgentSetting = { ...AT_ONCE, tools: [{ node_type: 'submit_action_request', fields: {} }] };

/** Kinds of thing that happen in a conversation, each with the history events that it costs. */
export function openScenes(bench: BenchStage, histories: Histories, turns: number) {
  /** A customer who has been answered once: what the start of a conversation costs is not a turn's. */
  async function acquainted(settings: AgentSetting): Promise<{ customer: Customer; conversationId: string }> {
    const channel = await bench.channel({ message_limit: 200, ...settings });
    const [customer] = customers(channel, bench.receiver, 1) as [Customer];
    const { conversationId } = await converse(customer);
    await histories.settled(conversationId);
    return { customer, conversationId };
  }

  async function grown(conversationId: string, work: () => Promise<unknown>): Promise<number> {
    const before = await histories.settled(conversationId);
    await work();
    return (await histories.settled(conversationId)).length - before.length;
  }

  const nudged = ({ room }: Customer) =>
    eventually(`room ${room} is nudged`, () => bench.receiver.nudges.some((nudge) => nudge.room === room));

  return {
    acquainted,

    /** A turn of one message. Says so when turns of the same kind differ. */
    async turn(settings: AgentSetting): Promise<number> {
      const { customer, conversationId } = await acquainted(settings);
      const counts: number[] = [];
      for (let n = 0; n < turns; n += 1) counts.push(await grown(conversationId, () => converse(customer)));
      if (new Set(counts).size > 1) console.log(`turns of one kind differ: ${counts.join(', ')}`);
      return median(counts);
    },

    /** A burst answered by one turn. */
    async burst(settings: AgentSetting, messages: number): Promise<number> {
      const { customer, conversationId } = await acquainted(settings);
      return grown(conversationId, () => burst(customer, messages, { gapMs: GAP_MS }));
    },

    /**
     * A nudge, and the turn that breaks the silence behind it: the sequence starts anew, and a timer that was set for
     * tomorrow is set for sooner.
     */
    async nudge(): Promise<{ nudge: number; turnAfter: number }> {
      const { customer, conversationId } = await acquainted(NUDGED);
      const nudge = await grown(conversationId, () => nudged(customer));
      return { nudge, turnAfter: await grown(conversationId, () => converse(customer)) };
    },

    /** A turn within a silence, and the nudge of the one that begins with it: the timer fires early, and is set again. */
    async turnInSilence(): Promise<number> {
      const { customer, conversationId } = await acquainted(NUDGED);
      return grown(conversationId, async () => {
        await converse(customer);
        await nudged(customer);
      });
    },

    /** A turn that asks operators something, and what comes of the decision once the answer is out. */
    async approval(): Promise<number> {
      await bench.ask('admin', 'PUT', '/v1/feature-flags', { actions_center: true });
      const { customer, conversationId } = await acquainted(AT_ONCE);
      await customer.channel.change(ASKING);
      return grown(conversationId, async () => {
        await converse(customer);
        await histories.settled(conversationId);
        const { data } = (await bench.ask('operator', 'GET', '/v1/approvals?status=pending')) as {
          data: { id: string; conversation_id: string }[];
        };
        const asked = data.find(({ conversation_id }) => conversation_id === conversationId);
        if (asked === undefined) throw new Error('the request was not filed');
        // What the agent says of it takes no further round.
        await customer.channel.change({ tools: [] });
        await bench.ask('operator', 'POST', `/v1/approvals/${asked.id}/decision`, { decision: 'approve' });
        await eventually('the decision is told, and the request over', async () => {
          if (!bench.receiver.outcomes.has(customer.room)) return false;
          return (await histories.events(conversationId)).includes('childWorkflowExecutionCompleted');
        });
      });
    },
  };
}

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  if (!(await until(holds, PATIENCE_MS, 20))) throw new Error(`it never came that ${what}`);
}
