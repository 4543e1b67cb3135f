import { closingCause } from '../../contract/ids.ts';
import type { SettledReason } from '../../domain/conversation.ts';
import type { Statement } from './as-organisation.ts';
import type { RoomWork } from './rooms.ts';
import { storable } from './storable.ts';

/** It answers all that its turn took, so that the send settles it. */
const PLAN: Statement = {
  name: 'closing-plan',
  text: `
    insert into outbound (organisation_id, channel_integration_id, conversation_id, cause, kind, text, epoch, turn,
      answers_seq, in_reply_to, state, planned_at, updated_at)
    select $1, $2, $3, $4, 'closing', $5, $6, $7,
      greatest($8::integer, coalesce(max(i.seq), 0)),
      coalesce(array_agg(i.provider_message_id order by i.seq) filter (where i.id is not null), '{}'),
      'planned', $9, $9
    from inbox i
    where i.organisation_id = $1 and i.conversation_id = $3 and i.kind = 'message' and i.turn = $7
      and i.settled_at is null`,
};

const SETTLE: Statement = {
  name: 'closing-settle',
  text: `
    update inbox set settled_at = $4, settled_reason = $5
    where organisation_id = $1 and conversation_id = $2 and kind = 'message' and turn = $3 and settled_at is null`,
};

/**
 * The last words of the agent, in the epoch that gives the conversation away. Without words the turn's messages need
 * no answer any more. Returns the message's cause.
 */
export async function planClosing(
  { tenancy, call, conversation }: RoomWork,
  closing: { message: string | null; epoch: number; settled: SettledReason },
  now: Date,
): Promise<string | null> {
  const { organisationId } = tenancy;
  const text = storable(closing.message ?? '').trim();
  if (text === '') {
    await tenancy.rows(SETTLE, [organisationId, conversation.id, call.turn, now, closing.settled]);
    return null;
  }
  const cause = closingCause(call.id);
  await tenancy.rows(PLAN, [
    organisationId,
    conversation.channel_integration_id,
    conversation.id,
    cause,
    text,
    closing.epoch,
    call.turn,
    call.answers_seq ?? 0,
    now,
  ]);
  return cause;
}
