import type { FenceVerdict } from '../../activities/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import type { Owner, SettledReason } from '../../domain/conversation.ts';
import type { OutboundKind } from '../../domain/delivery.ts';
import type { Tenancy } from './as-organisation.ts';
import { idleGoesOn } from './idle-settings.ts';

export type FinalRefusal = Extract<FenceVerdict, { kind: 'refused' }>['reason'];

/** Messages whose reply a change of hands overtook are the person's who had the conversation meanwhile. */
export const SETTLED_BY: Record<FinalRefusal, SettledReason> = {
  owner: 'operator_has_it',
  resolved: 'resolved',
  epoch: 'superseded',
  newer_message: 'superseded',
};

interface Fenced {
  kind: OutboundKind;
  epoch: number;
  answers_seq: number;
  owner: Owner;
  current_epoch: number;
  status: 'open' | 'resolved';
  last_message_seq: number;
}

/**
 * Why a message may never leave any more, or null. A closing message was planned by the very change that gave the
 * conversation away: it goes out until the next change. A nudge is for a customer who is silent (IDLE-5).
 */
export async function finalRefusal(
  tenancy: Tenancy,
  ref: ConversationRef,
  row: Fenced,
): Promise<FinalRefusal | null> {
  if (row.kind === 'closing') return row.epoch === row.current_epoch ? null : 'epoch';
  if (row.status === 'resolved') return 'resolved';
  if (!(await ownerLetsIt(tenancy, ref, row))) return 'owner';
  if (row.epoch !== row.current_epoch) return 'epoch';
  return row.kind === 'nudge' && row.last_message_seq > row.answers_seq ? 'newer_message' : null;
}

/**
 * Operators' own messages go out while they have the conversation, everything else while the agent has it. A nudge also
 * goes out where its sequence goes on without the agent (IDLE-9), which is read behind the lock: an operator may just
 * have answered.
 */
async function ownerLetsIt(
  tenancy: Tenancy,
  { conversationId }: ConversationRef,
  { kind, owner, answers_seq }: Fenced,
): Promise<boolean> {
  if (kind === 'nudge' && owner === 'operator') return idleGoesOn(tenancy, conversationId, answers_seq);
  return owner === (kind === 'operator' ? 'operator' : 'agent');
}
