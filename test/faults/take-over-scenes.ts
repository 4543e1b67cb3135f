import { randomBytes } from 'node:crypto';
import { orderAction } from '../actions/journey/order-action.ts';
import type { OrderAction } from '../actions/journey/order-action.ts';
import { actingCustomer, crmOf, script } from '../journey/acting-customer.ts';
import type { ActingCustomer } from '../journey/acting-customer.ts';
import { eventually } from '../journey/open-journey.ts';
import type { Journey } from '../journey/open-journey.ts';

/** A conversation on its way to where a person comes between. */
export interface Scene {
  customer: ActingCustomer;
  /** Its external action, where it has one. */
  action?: OrderAction;
  /** What makes it go on from where it stands. */
  begin(): Promise<unknown>;
  /** Makes the agent harmless before the customer writes to it again. */
  calm?(): Promise<unknown>;
  /** What the customer says then. */
  next?: string;
}

const DEAL = 'qontak_crm_deal_create';
const ASK = 'submit_action_request';
export const NUDGE = 'Still there?';
export const ORDER = 'I want to order 3 lamps';

const NOTICES = { called: 'Called.', waiting: 'Still waiting.', closed: 'Closed.', nobody_online: 'Nobody.' };
const RULES = [{ name: 'money', condition: 'billing_dispute', reason: 'It is about money' }];

/** The conversations whose turns together come to every point at which the product waits. */
export function scenesOf(journey: Journey) {
  const says = (customer: ActingCustomer, text: string) => customer.says(`${text} (${customer.word})`);

  async function answered(customer: ActingCustomer, text: string): Promise<void> {
    await customer.asks(text);
    await customer.isDone();
  }

  async function plain(settings: Record<string, unknown> = {}): Promise<Scene> {
    const customer = await actingCustomer(journey, [], settings);
    return { customer, begin: () => says(customer, 'Hello') };
  }

  async function acting(): Promise<Scene> {
    const fields = { crm_pipeline_id: 1, crm_stage_id: 11, name: 'A deal' };
    const customer = await actingCustomer(journey, [{ node_type: DEAL, fields }]);
    return {
      customer,
      async begin() {
        await script(journey, customer, { calls: [{ name: DEAL }] }, { reply: 'Done.' });
        await says(customer, 'Make a deal');
      },
    };
  }

  async function ordering(fields: Record<string, unknown> = {}, settings = {}): Promise<Scene> {
    const customer = await actingCustomer(journey, [], settings);
    const action = await orderAction(journey, customer, fields);
    return { customer, action, begin: () => customer.says(ORDER) };
  }

  const asking = () =>
    ordering({
      requires_confirmation: true,
      confirmation_message: 'Shall I order {{quantity}} of {{product}}?',
    });

  async function escalating(settings: Record<string, unknown> = {}): Promise<Scene> {
    const customer = await actingCustomer(journey, [], {
      escalation_rules: RULES,
      escalation_assignee: `U0${randomBytes(5).toString('hex').toUpperCase()}`,
      escalation_notice: NOTICES,
      quiet_period_seconds: 0,
      ...settings,
    });
    return {
      customer,
      begin: () => says(customer, 'I want a refund'),
      calm: () => customer.change({ escalation_rules: [] }),
    };
  }

  async function silent(): Promise<Scene> {
    const rule = { steps: [{ action: 'follow_up', duration: 3, message: NUDGE }] };
    const customer = await actingCustomer(journey, [], { idle_rule: rule });
    await answered(customer, 'Hello');
    const calm = () => customer.change({ idle_rule: null });
    return { customer, begin: () => Promise.resolve(), calm };
  }

  return {
    plain: () => plain(),
    buffering: () => plain({ wait_time_seconds: 4 }),
    understanding: () => plain({ natural_language_escalation: true }),

    /** The picture is not there any more. */
    async showing(): Promise<Scene> {
      const { customer } = await plain();
      const url = `${journey.stage.standIns}/whatsapp/media-files/none`;
      const media = [{ type: 'image', url, mime_type: 'image/png' }];
      return { customer, begin: () => customer.says(`Look (${customer.word})`, { media }) };
    },
    acting,

    /** The CRM asks for patience the first time. */
    async stumbling(): Promise<Scene> {
      const scene = await acting();
      return {
        ...scene,
        async begin() {
          const fail = [{ status: 429, headers: { 'retry-after': '2' } }];
          await journey.standIn('POST', '/crm/control', { fail });
          await scene.begin();
        },
      };
    },

    ordering: () => ordering(),
    slowOrder: () => ordering({}, { action_patience_seconds: 1 }),
    asking,

    async agreeing(): Promise<Scene> {
      const scene = await asking();
      await scene.begin();
      await scene.customer.hears(1);
      await scene.customer.isDone();
      return { ...scene, begin: () => scene.customer.says('yes') };
    },

    async waitingForYes(): Promise<Scene> {
      return { ...(await asking()), next: 'yes' };
    },

    escalating: () => escalating(),

    async escalated(): Promise<Scene> {
      const scene = await escalating();
      await answered(scene.customer, 'I want a refund');
      await eventually(
        'it is escalated',
        async () => (await scene.customer.read())['status'] === 'escalated',
      );
      return { ...scene, begin: () => says(scene.customer, 'Hello?') };
    },

    /** Nobody answers the call for so long that somebody looks. */
    async overlooked(): Promise<Scene> {
      const scene = await escalating();
      // Shorter than the API would let a builder make it.
      await journey.sql(
        `update agents set settings = settings || '{"responseTimeSeconds": 2}' where id = $1`,
        [scene.customer.agent],
      );
      return scene;
    },

    /** A call that waits for an operator is withdrawn when the customer writes. */
    async withdrawing(): Promise<Scene> {
      const fields = { crm_pipeline_id: 1, crm_stage_id: 11, name: 'A deal' };
      const tool = { node_type: DEAL, needs_approval: 'always', on_new_message: 'withdraw', fields };
      const customer = await actingCustomer(journey, [tool]);
      await script(journey, customer, { calls: [{ name: DEAL }] }, { reply: 'I asked.' });
      await answered(customer, 'Make a deal');
      return { customer, begin: () => says(customer, 'Never mind') };
    },

    silent,

    /** The channel lets the nudge wait the first time. */
    async putOff(): Promise<Scene> {
      const scene = await silent();
      const fail = [{ status: 429, headers: { 'retry-after': '1' } }];
      await journey.standIn('POST', `/sink/${scene.customer.room}/control`, { fail });
      return scene;
    },

    async nudged(): Promise<Scene> {
      const rule = { steps: [{ action: 'follow_up', duration: 1, message: NUDGE }] };
      const customer = await actingCustomer(journey, [], { idle_rule: rule });
      await answered(customer, 'Hello');
      await customer.hears(2);
      await eventually(
        'the step is noted',
        async () => (await customer.events('ai_agent_idle_step_fired')).length,
      );
      await customer.change({ idle_rule: null });
      return { customer, begin: () => says(customer, 'Yes') };
    },

    async summarised(): Promise<Scene> {
      const customer = await actingCustomer(journey, [], { message_limit: 2 });
      for (const text of ['One', 'Two']) await answered(customer, text);
      return { customer, begin: () => says(customer, 'Three') };
    },

    async falling(): Promise<Scene> {
      const customer = await actingCustomer(journey, []);
      return {
        customer,
        async begin() {
          const fail = [{ status: 400, match: `You serve ${customer.word}.`, times: -1 }];
          await journey.model('POST', '/control', { fail });
          await says(customer, 'Hello');
        },
        calm: () => journey.model('POST', '/control', { fail: [] }),
      };
    },

    async deciding(): Promise<Scene> {
      const customer = await actingCustomer(journey, [{ node_type: ASK, fields: {} }]);
      const given = { request_type: 'refund', request_details: 'Twelve euros', priority: 'high' };
      await script(journey, customer, { calls: [{ name: ASK, arguments: given }] }, { reply: 'I asked.' });
      await answered(customer, 'My money back');
      const [action] = await journey.sql<{ id: string }>(
        'select id from actions where conversation_id = $1',
        [customer.conversation()],
      );
      return {
        customer,
        async begin() {
          const path = `/v1/approvals/${action?.id}/decision`;
          const body = { decision: 'approve', response: 'It is on its way.' };
          const answer = await journey.call('POST', path, { as: 'operator', body });
          if (answer.status !== 200) throw new Error(answer.text);
        },
      };
    },
  };
}

export type SceneName = keyof ReturnType<typeof scenesOf>;

/** What the scenes need of the organisation. */
export async function prepareScenes(journey: Journey): Promise<void> {
  const flags = { ai_agent_sequential_idle: true, actions_center: true };
  const answer = await journey.call('PUT', '/v1/feature-flags', { as: 'admin', body: flags });
  if (answer.status !== 200) throw new Error(answer.text);
  await crmOf(journey).connect();
}
