import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Call, CallFence, CallStep, NewCall } from '../../activities/ports.ts';
import { openCalls } from '../../adapters/postgres/calls.ts';
import { openRooms } from '../../adapters/postgres/rooms.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../../domain/external-action.ts';
import type { ExternalAction } from '../../domain/external-action.ts';
import { NOW, openRoom } from './installation.ts';

/** A conversation of ours whose agent acts. */
export async function openScene(
  pool: pg.Pool,
  kind: ChannelKind = 'generic',
  settings: Record<string, unknown> = {},
) {
  const room = await openRoom(pool, kind, settings);
  const { organisationId } = room.ref;
  const calls = openCalls(pool);
  const refOf = (call: { id: string }) => ({ organisationId, callId: call.id });

  const plan = (planned: Partial<NewCall>[], step: Partial<CallStep> = {}, now = NOW) =>
    calls.plan(room.ref, stepAt(step), planned.map(newCall), null, now);
  const begin = (call: { id: string }, options: Partial<Parameters<typeof calls.begin>[1]> = {}) =>
    calls.begin(refOf(call), { regroup: false, answersSeq: 1, now: NOW, holdMs: 5_000, ...options });

  return {
    ...room,
    calls,
    rooms: openRooms(pool),
    refOf,
    plan,
    begin,
    async planOne(call: Partial<NewCall> = {}, step: Partial<CallStep> = {}, now = NOW): Promise<Call> {
      const [planned] = await plan([call], step, now);
      if (planned === undefined) throw new Error('nothing was planned');
      return planned;
    },
    /** A call that has passed the fence. */
    async under(call: Partial<NewCall> = {}, step: Partial<CallStep> = {}): Promise<Call> {
      const [planned] = await plan([call], step);
      if (planned === undefined) throw new Error('nothing was planned');
      return ready(await begin(planned)).call;
    },
    async events(): Promise<[string, Record<string, unknown>][]> {
      const rows = await room.look<{ name: string; properties: Record<string, unknown> }>(
        `select name, properties from events
         where organisation_id = $1 and name <> 'conversation_changed' order by number`,
        [organisationId],
      );
      return rows.map(({ name, properties }) => [name, properties]);
    },
    async member(more: { online?: boolean; capacity?: number; role?: string; division?: string } = {}) {
      const { online = true, capacity = 10, role = 'operator', division } = more;
      const id = randomUUID();
      await room.look(
        `insert into members (organisation_id, id, name, role, capacity, online, created_at)
         values ($1, $2, 'Somebody', $3, $4, $5, clock_timestamp())`,
        [organisationId, id, role, capacity, online],
      );
      if (division !== undefined)
        await room.look(
          'insert into division_members (organisation_id, division_id, member_id) values ($1, $2, $3)',
          [organisationId, division, id],
        );
      return id;
    },
    async division() {
      const id = randomUUID();
      await room.look(
        'insert into divisions (organisation_id, id, name, created_at) values ($1, $2, $3, $4)',
        [organisationId, id, id, NOW],
      );
      return id;
    },
    /** An external action of the room's channel, at its first version. */
    async externalAction(more: Partial<ExternalAction> = {}) {
      const id = randomUUID();
      const definition = { ...DEFAULT_EXTERNAL_ACTION, actionName: id, displayName: 'An action', ...more };
      await room.look(
        `insert into external_actions
           (organisation_id, id, channel_integration_id, action_name, priority, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)`,
        [organisationId, id, room.integration.id, id, definition.priority, NOW],
      );
      await room.look(
        `insert into external_action_versions
           (organisation_id, external_action_id, version, definition, secrets, created_at)
         values ($1, $2, 1, $3, '{}', $4)`,
        [organisationId, id, JSON.stringify(definition), NOW],
      );
      return { id, version: 1 };
    },
    async conversation() {
      const [row] = await room.look<{
        owner: string;
        epoch: number;
        status: string;
        operator_id: string | null;
        division_id: string | null;
        queued_at: Date | null;
        tags: string[];
      }>(
        'select owner, epoch, status, operator_id, division_id, queued_at, tags from conversations where id = $1',
        [room.ref.conversationId],
      );
      if (row === undefined) throw new Error('the conversation is gone');
      return row;
    },
  };
}

export type Scene = Awaited<ReturnType<typeof openScene>>;

export function stepAt(more: Partial<CallStep> = {}): CallStep {
  return { turn: 1, round: 0, step: 1, epoch: 1, answersSeq: 1, ...more };
}

function newCall(more: Partial<NewCall>): NewCall {
  return {
    tool: 'qontak_crm_deal_create',
    externalAction: null,
    proposal: { id: 'call_1', arguments: '{}' },
    arguments: { name: 'A deal' },
    digest: 'd1',
    reliability: 'lookup',
    state: 'planned',
    reason: null,
    result: null,
    confidence: null,
    message: 'Please make a deal',
    missing: [],
    ...more,
  };
}

export function ready(fence: CallFence): Extract<CallFence, { kind: 'ready' }> {
  if (fence.kind !== 'ready') throw new Error(`the fence said ${JSON.stringify(fence)}`);
  return fence;
}
