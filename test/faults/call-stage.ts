import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { eventually } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
import type { Posted } from './gateway-client.ts';
import { openInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { allSettled, reckon } from './reckoning.ts';
import { openRecords } from './records.ts';
import type { Records } from './records.ts';
import { repliesIn } from './receiver.ts';
import type { Reply } from './receiver.ts';

/** A row of the ledger of calls. */
export interface CallRecord {
  id: string;
  turn: number;
  tool: string;
  state: string;
  reason: string | null;
  attempts: number;
  idempotency_key: string;
  record_id: string | null;
}

/** A request that reached a stand-in. */
export interface Request {
  at: number;
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: string;
  status: number | null;
  done: boolean;
}

export interface ConversationRecord {
  id: string;
  epoch: number;
  owner: string;
  status: string;
  operator_id: string | null;
  tags: string[];
}

/** An installation whose agent has every tool, and a channel whose customers can order things. */
export interface CallStage {
  installation: Installation;
  records: Records;
  /** A message that makes the agent do this: a word of `SCRIPT`, or an order on the channel with the external action. */
  message(room: string, wants: string): Posted;
  send(message: Posted): Promise<string>;
  /** Runs `cause` with a worker that kills itself at the point; none runs afterwards. */
  killedAt(point: string, cause: () => Promise<unknown>): Promise<void>;
  /** The ledger of one room, in the order of planning. */
  calls(room: string): Promise<CallRecord[]>;
  conversation(room: string): Promise<ConversationRecord>;
  /** Requests that the CRM answered or only heard. */
  crm(): Promise<Request[]>;
  /** What came to a sink from this room. */
  came(sink: 'orders' | 'notes', room: string): Promise<Request[]>;
  /** How many records of the CRM carry this key. */
  recordsMade(kind: 'deals' | 'tickets', key: string): Promise<number>;
  replies(room: string): Promise<Reply[]>;
  /** Waits until all is settled, and reckons up: every message in one turn and one reply. */
  answers(room: string, messages: readonly Posted[]): Promise<Reply[]>;
  signalled(message: Posted): Promise<unknown>;
  stop(): Promise<void>;
}

/** Words of a customer's message, and the tool the model then asks for. All fields are the builder's. */
const SCRIPT: Record<string, string> = {
  'deal-create': 'qontak_crm_deal_create',
  'deal-update': 'qontak_crm_deal_update',
  'ticket-create': 'qontak_crm_ticket_create',
  'ticket-update': 'qontak_crm_ticket_update',
  'room-assign': 'qontak_chat_room_assign',
  'room-resolve': 'qontak_chat_room_resolve',
  'room-tag': 'qontak_chat_room_tag',
  'note-once': 'api_note_once',
};

export const ASSIGNED = 'A colleague goes on from here.';
export const RESOLVED = 'All done. Goodbye!';
export const IN_PROGRESS = 'Your order is being placed.';
export const NOT_PLACED = 'No order was placed.';
/** Rooms that begin so are on the channel with the external action. */
export const ORDERING = 'order';
const ORDER = 'I want to order 3 lamps';

function toolsOf(standIns: string): object[] {
  const record = { crm_pipeline_id: 1, crm_stage_id: 11, name: '{{message_text}}' };
  const tool = (node_type: string, fields: object) => ({ node_type, fields });
  return [
    tool('qontak_crm_deal_create', record),
    tool('qontak_crm_deal_update', { name: '{{message_text}}' }),
    tool('qontak_crm_ticket_create', record),
    tool('qontak_crm_ticket_update', { name: '{{message_text}}' }),
    tool('qontak_chat_room_assign', { assign_type: 'auto', closing_message: ASSIGNED }),
    tool('qontak_chat_room_resolve', { closing_message: RESOLVED }),
    tool('qontak_chat_room_tag', { tags: ['vip'] }),
    tool('api', {
      name: 'note_once',
      description: 'Writes a note.',
      method: 'POST',
      url: `${standIns}/sink/notes`,
      body: { room: '{{message_text}}' },
    }),
  ];
}

export async function openCallStage(): Promise<CallStage> {
  const installation = await openInstallation({ waitSeconds: 0 });
  try {
    return await furnished(installation);
  } catch (error) {
    await installation.stage.stop();
    throw error;
  }
}

async function furnished(installation: Installation): Promise<CallStage> {
  const { stage, ask, journal } = installation;
  const records = openRecords(stage.database.ownerUrl);
  const standIns = stage.standIns ?? '';
  await records.pool.query('update external_actions set is_active = false');
  await installation.setAgent({
    personalities: {},
    natural_language_escalation: false,
    action_patience_seconds: 30,
    tools: toolsOf(standIns),
  });
  const script = Object.entries(SCRIPT).map(([when, name]) => ({
    when,
    tool_calls: [{ name, arguments: {} }],
  }));
  await installation.setModel({ script });
  const ordering = await ask<{ id: string }>('admin', 'POST', '/v1/channels', {
    kind: 'generic',
    name: 'Orders',
    agent_id: stage.dev().agent,
    settings: { reply_url: stage.sink },
    secrets: { signing_secret: `whsec_${randomBytes(24).toString('base64')}` },
  });
  await ask('builder', 'POST', '/v1/external-actions', {
    channel_integration: ordering.id,
    action_name: 'create_order',
    display_name: 'Create order',
    training_examples: [{ text: 'I want to order a lamp', language: 'en' }],
    webhook_url: `${standIns}/sink/orders`,
    payload_template: { room: '{{message_text}}', quantity: '{{quantity}}' },
    variables: [{ name: 'quantity', prompt: 'How many pieces', type: 'whole_number' }],
    success_message: 'Order {{response.order_id}} is placed: {{quantity}} pieces.',
    failure_message: NOT_PLACED,
    in_progress_message: IN_PROGRESS,
    max_retries: 5,
    retry_delay_seconds: 1,
  });
  await installation.setStandIn('sink/orders', { answer: { status: 200, body: { order_id: 'A-7' } } });

  const devOf = (room: string) => {
    const dev = stage.dev();
    if (!room.startsWith(ORDERING)) return dev;
    return { ...dev, channels: { ...dev.channels, generic: ordering.id } };
  };
  const replies = async (room: string) => repliesIn(await journal('sink/replies'), room);

  return {
    installation,
    records,
    message: (room, wants) => messageIn(room, wants === 'order' ? `${ORDER}, ${room}` : `${wants} ${room}`),
    send: async (message) => (await post(devOf(message.room), message)).conversationId,
    async killedAt(point, cause) {
      await installation.freshWorker(point);
      const ended = stage.ended('worker');
      await cause();
      const how = await Promise.race([ended, tooLate(30_000)]);
      assert.equal(how, 'SIGKILL', `the worker did not reach ${point}`);
    },
    async calls(room) {
      const { rows } = await records.pool.query<CallRecord>(
        `select k.id, k.turn, k.tool, k.state, k.reason, k.attempts, k.idempotency_key, k.record_id
         from calls k join conversations c on c.organisation_id = k.organisation_id and c.id = k.conversation_id
         where c.room = $1 order by k.planned_at, k.number`,
        [room],
      );
      return rows;
    },
    async conversation(room) {
      const { rows } = await records.pool.query<ConversationRecord>(
        'select id, epoch, owner, status, operator_id, tags from conversations where room = $1',
        [room],
      );
      const [row] = rows;
      assert.ok(row !== undefined, `${room} has no conversation`);
      return row;
    },
    crm: async () => (await journal('crm')) as unknown as Request[],
    async came(sink, room) {
      const all = (await journal(`sink/${sink}`)) as unknown as Request[];
      return all.filter(({ body }) => body.includes(`${room}"`));
    },
    async recordsMade(kind, key) {
      const { token } = (await (await fetch(`${standIns}/crm/control`)).json()) as { token: string };
      const url = `${standIns}/crm/api/v3.1/${kind}?trace_id=${encodeURIComponent(key)}`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(response.status, 200);
      return ((await response.json()) as { data: unknown[] }).data.length;
    },
    replies,
    async answers(room, messages) {
      const rows = await allSettled(records, room, messages.length, 60_000);
      const got = await replies(room);
      reckon(messages, rows, got);
      return got;
    },
    signalled: (message) =>
      eventually(`${message.id} is signalled`, async () =>
        (await records.messages(message.room)).some(
          (row) => row.provider_message_id === message.id && row.signalled_at !== null,
        ),
      ),
    async stop() {
      await records.close();
      await stage.stop();
    },
  };
}

async function tooLate(ms: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
  return `nothing within ${ms / 1000} s`;
}
