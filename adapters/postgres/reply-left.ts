import type { TakenTurn } from '../../activities/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import { turnCause } from '../../contract/ids.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { knownOfTurn } from './begin-turn.ts';
import type { TurnRow } from './begin-turn.ts';
import type { FinalRefusal } from './final-refusal.ts';

/** A message that is on its way or ended otherwise than by the fence's refusal. */
export const IS_OUT = `state not in ('planned', 'refused')`;

/**
 * Of a turn that has nothing to answer: the reply that a dead run of it sent, or began to. One that is still planned in
 * an earlier epoch would never leave, and nobody would ask the fence for it any more.
 */
const REPLY_LEFT: Statement = {
  name: 'take-reply-left',
  text: `
    with refused as (
      update outbound set state = 'refused', failure_code = $5, updated_at = $6
      where organisation_id = $1 and conversation_id = $2 and cause = $3 and part = 0
        and state = 'planned' and epoch < $4
    )
    select answers_seq, escalates from outbound
    where organisation_id = $1 and conversation_id = $2 and cause = $3 and part = 0
      and ${IS_OUT}`,
};

interface ReplyRow {
  answers_seq: number;
  escalates: string | null;
}

/** The turn as it stands where its reply has left `planned` and nothing is left for it to answer. */
export async function replyLeft(
  tenancy: Tenancy,
  { conversationId }: ConversationRef,
  conversation: TurnRow,
  { turn, now }: { turn: number; now: Date },
): Promise<TakenTurn | null> {
  const { epoch, owner, status } = conversation;
  const changed = owner === 'operator' ? 'owner' : 'epoch';
  const reason: FinalRefusal = status === 'resolved' ? 'resolved' : changed;
  const key = [tenancy.organisationId, conversationId, turnCause(turn)];
  const [reply] = await tenancy.rows<ReplyRow>(REPLY_LEFT, [...key, epoch, reason, now]);
  if (reply === undefined) return null;
  return {
    ...knownOfTurn(conversation, turn),
    messages: [],
    lastSeq: reply.answers_seq,
    plannedAlready: true,
    replyIsOut: true,
    escalates: reply.escalates,
    history: [],
    unsummarised: 0,
  };
}
