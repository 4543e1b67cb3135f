import type pg from 'pg';
import type { CallRef, Leaving, RoomOutcome, Rooms } from '../../activities/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { hasEnded } from '../../domain/call.ts';
import type { Json } from '../../domain/external-action.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { findOperator } from './assign-room.ts';
import { writeAudit } from './audit.ts';
import { lockConversationOf, readCall, refusalOf } from './call-rows.ts';
import type { CallRow, LockedConversation } from './call-rows.ts';
import { cancelRestOfTurn } from './cancel-rest-of-turn.ts';
import { close, giveAway } from './change-hands.ts';
import { planClosing } from './closing-message.ts';
import { endRow } from './end-call.ts';
import { holdQueues } from './presence.ts';
import { storable } from './storable.ts';

const TAG: Statement = {
  name: 'room-tag',
  text: `update conversations set tags = $3 where organisation_id = $1 and id = $2`,
};

/** What a model adds beyond these is left out; those that are there stay. */
const MOST_TAGS = 200;

/** What the room tools do (ACT-5, ACT-6): the effect and the end of the call are one transaction. */
export function openRooms(pool: pg.Pool): Rooms {
  return {
    assign: (ref, assignment, now) =>
      once(pool, ref, { now, lockFirst: holdQueues }, async (work) => {
        const { tenancy, conversation } = work;
        const found = await findOperator(tenancy, conversation.id, assignment, now);
        if ('refused' in found) return found;
        const { operatorId, divisionId } = found;
        const queued = operatorId === null;
        const epoch = await giveAway(tenancy, conversation.id, found, now);
        const closing = { message: assignment.closingMessage, epoch, settled: 'operator_has_it' as const };
        const closingCause = await planClosing(work, closing, now);
        const detail = { operator: operatorId, division: divisionId, queued, epoch };
        return {
          audit: { action: 'conversation.assigned', detail },
          leaves: { epoch, owner: 'operator', resolved: false, assignee: operatorId, closingCause },
          operatorId,
          queued,
          told: {},
        };
      }),

    resolve: (ref, { message }, now) =>
      once(pool, ref, { now }, async (work) => {
        const epoch = await close(work.tenancy, work.conversation.id, now);
        const closingCause = await planClosing(work, { message, epoch, settled: 'resolved' }, now);
        return {
          audit: { action: 'conversation.resolve', detail: { epoch } },
          leaves: { epoch, owner: 'agent', resolved: true, assignee: null, closingCause },
          operatorId: null,
          queued: false,
          told: {},
        };
      }),

    tag: (ref, tags, now) =>
      once(pool, ref, { now }, async ({ tenancy, conversation }) => {
        const union = [...new Set([...conversation.tags, ...tags.map(storable)])].slice(0, MOST_TAGS);
        await tenancy.rows(TAG, [tenancy.organisationId, conversation.id, union]);
        return {
          audit: {
            action: 'conversation.tagged',
            detail: { added: union.length - conversation.tags.length },
          },
          leaves: null,
          operatorId: null,
          queued: false,
          told: { tags: union },
        };
      }),
  };
}

/** The rows of a room call, locked. */
export interface RoomWork {
  tenancy: Tenancy;
  call: CallRow;
  conversation: LockedConversation;
}

interface Effect {
  audit: { action: string; detail: Record<string, unknown> };
  leaves: Leaving | null;
  operatorId: string | null;
  queued: boolean;
  /** What the model is told besides. */
  told: Record<string, Json>;
}

/**
 * Does the effect if the call is under way and nobody has come between since it began. A call that has ended says
 * what came of it: the call's row and the effect commit together, so it happened exactly when the row says so.
 */
function once(
  pool: pg.Pool,
  ref: CallRef,
  { now, lockFirst }: { now: Date; lockFirst?: (tenancy: Tenancy) => Promise<void> },
  effect: (work: RoomWork) => Promise<Effect | { refused: string }>,
): Promise<RoomOutcome> {
  return asOrganisation(pool, ref.organisationId, async (tenancy): Promise<RoomOutcome> => {
    await lockFirst?.(tenancy);
    const conversation = isUuid(ref.callId) ? await lockConversationOf(tenancy, ref.callId) : undefined;
    const call = await readCall(tenancy, ref);
    if (call === undefined) throw new ParleyFailure('CALL_UNKNOWN');
    if (conversation === undefined) return { kind: 'refused', code: 'room_not_found' };
    if (hasEnded(call.state)) return outcomeOf(call);
    if (call.state !== 'calling') throw new Error('a room tool runs behind the fence of its call');
    if (refusalOf(conversation, call) !== null) return { kind: 'refused', code: 'overtaken' };

    const done = await effect({ tenancy, call, conversation });
    if ('refused' in done) return { kind: 'refused', code: done.refused };
    const { audit, leaves, operatorId, queued, told } = done;
    const entry = {
      actor: `agent:${conversation.agent_id}`,
      action: audit.action,
      subject: conversation.id,
      detail: { ...audit.detail, call: call.id },
      source: null,
    };
    await writeAudit(tenancy, entry, now);
    const result = { ok: true, ...told, operatorId, queued, leaves: leaves as unknown as Json };
    await endRow(tenancy, call.id, { state: 'succeeded', reason: null, result }, null, now);
    if (leaves !== null) await cancelRestOfTurn(tenancy, call, leaves.resolved ? 'resolved' : 'owner', now);
    return { kind: 'done', leaves, operatorId, queued };
  });
}

function outcomeOf({ state, reason, result }: CallRow): RoomOutcome {
  if (state !== 'succeeded') return { kind: 'refused', code: reason ?? state };
  const { leaves, operatorId, queued } = result as unknown as Pick<
    Effect,
    'leaves' | 'operatorId' | 'queued'
  >;
  return { kind: 'done', leaves, operatorId, queued };
}
