import { strict as assert } from 'node:assert';
import { ASSIGNED, RESOLVED } from './call-stage.ts';
import type { CallRecord, CallStage } from './call-stage.ts';

/** What there is to see of a call at the other side. */
export interface Effect {
  /** How often it was done. */
  made: number;
  /** How often it was asked for; more than `made` where the other side tells repeats by their key. */
  asked: number;
}

/** Something that the agent does, and how it shows. */
export interface CallCase {
  /** As in the rooms' names and the customers' words. */
  name: string;
  /** As the titles name it. */
  title: string;
  /** The customer's words of an earlier turn, which makes what this one is about. */
  first?: string;
  /** The row and the effect are one transaction. */
  atomic?: true;
  /** It may not be repeated, and cannot be looked up. */
  unrepeatable?: true;
  effect(stage: CallStage, room: string, call: CallRecord): Promise<Effect>;
  answer: RegExp;
}

const creates = (kind: 'deal' | 'ticket'): CallCase => ({
  name: `${kind}-create`,
  title: `qontak_crm_${kind}_create`,
  async effect(stage, _room, { idempotency_key: key }) {
    const made = await stage.recordsMade(`${kind}s`, key);
    const posts = (await stage.crm()).filter(
      ({ method, headers, done }) => done && method === 'POST' && headers['x-trace-id'] === key,
    );
    return { made, asked: posts.length };
  },
  answer: new RegExp(`${kind} \\d+ was created`, 'i'),
});

const updates = (kind: 'deal' | 'ticket'): CallCase => ({
  name: `${kind}-update`,
  title: `qontak_crm_${kind}_update`,
  first: `${kind}-create`,
  async effect(stage, room, { idempotency_key: key }) {
    const puts = (await stage.crm()).filter(
      ({ method, headers, done }) => done && method === 'PUT' && headers['x-trace-id'] === key,
    );
    const [created] = await stage.calls(room);
    for (const { path } of puts) assert.equal(path, `/api/v3.1/${kind}s/${created?.record_id}`);
    return { made: puts.length, asked: puts.length };
  },
  answer: new RegExp(`${kind} \\d+ was updated`, 'i'),
});

/** Raised by one when the conversation is given away: the epoch of a new one is 1. */
const givesAway = (
  name: string,
  action: string,
  owner: string,
  status: string,
  answer: string,
): CallCase => ({
  name: `room-${name}`,
  title: `qontak_chat_room_${name}`,
  atomic: true,
  async effect(stage, room, call) {
    const effect = await auditsOf(stage, call, action);
    const conversation = await stage.conversation(room);
    const expected = effect.made > 0 ? [2, owner, status] : [1, 'agent', 'open'];
    assert.deepEqual([conversation.epoch, conversation.owner, conversation.status], expected);
    return effect;
  },
  answer: new RegExp(answer),
});

async function auditsOf({ records }: CallStage, call: CallRecord, action: string): Promise<Effect> {
  const { rows } = await records.pool.query(
    `select from audit where action = $1 and detail ->> 'call' = $2`,
    [action, call.id],
  );
  return { made: rows.length, asked: rows.length };
}

export const CASES: readonly CallCase[] = [
  creates('deal'),
  updates('deal'),
  creates('ticket'),
  updates('ticket'),
  givesAway('assign', 'conversation.assigned', 'operator', 'open', ASSIGNED),
  givesAway('resolve', 'conversation.resolve', 'agent', 'resolved', RESOLVED),
  {
    name: 'room-tag',
    title: 'qontak_chat_room_tag',
    atomic: true,
    async effect(stage, room, call) {
      const effect = await auditsOf(stage, call, 'conversation.tagged');
      const { epoch, tags } = await stage.conversation(room);
      assert.deepEqual([epoch, tags], [1, effect.made > 0 ? ['vip'] : []]);
      return effect;
    },
    answer: /Done:/,
  },
  {
    name: 'order',
    title: 'an external action',
    async effect(stage, room, { idempotency_key: key }) {
      const came = await stage.came('orders', room);
      const keys = new Set(came.map(({ headers }) => headers['idempotency-key']));
      assert.ok(keys.size === 0 || (keys.size === 1 && keys.has(key)), [...keys].join(', '));
      assert.equal(new Set(came.map(({ body }) => body)).size, keys.size, 'a key stands for one payload');
      return { made: keys.size, asked: came.length };
    },
    answer: /Order A-7 is placed: 3 pieces\./,
  },
  {
    // The last: what recovers while a later kill comes would be hit once more, and this one shows it.
    name: 'note-once',
    title: 'an api action that may not be repeated',
    unrepeatable: true,
    async effect(stage, room) {
      const came = await stage.came('notes', room);
      return { made: came.length, asked: came.length };
    },
    answer: /Done: status 200/,
  },
];

export const UNSURE = /I cannot tell whether that worked; a colleague will look into it\./;
