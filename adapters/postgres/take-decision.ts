import type pg from 'pg';
import type { Decided, TakenTurn, Transcript } from '../../activities/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { approvalCause } from '../../contract/ids.ts';
import { readApproval } from './approval-records.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { BEGIN_TURN, knownOfTurn } from './begin-turn.ts';
import type { TurnRow } from './begin-turn.ts';
import { callOf, readCall } from './call-rows.ts';
import { readPast } from './past-messages.ts';

/**
 * One that was given back, its turn's history lost, is taken by the next; and one whose words stand ($6), which its own
 * turn could not send.
 */
const TAKE: Statement = {
  name: 'take-decision',
  text: `
    update inbox set turn = $3, taken_at = $4
    where organisation_id = $1 and conversation_id = $2 and id = $5 and settled_at is null
      and (turn is null or turn = $3 or $6)
    returning id`,
};

const STANDING: Statement = {
  name: 'take-decision-standing',
  text: `
    select o.state, o.epoch, c.escalated_epoch is not distinct from c.epoch as escalated,
      coalesce((select min(i.seq) - 1 from inbox i
        where i.organisation_id = $1 and i.conversation_id = $2 and i.kind = 'message' and i.settled_at is null),
        c.last_message_seq) as answered_seq
    from conversations c
    left join outbound o on o.organisation_id = $1 and o.conversation_id = c.id and o.cause = $3 and o.part = 0
    where c.organisation_id = $1 and c.id = $2`,
};

interface StandingRow {
  /** Of what the customer is told of it, where that was planned. */
  state: string | null;
  epoch: number | null;
  escalated: boolean;
  answered_seq: number;
}

/** See `Transcript.takeDecision`. */
export function makeTakeDecision(pool: pg.Pool): Transcript['takeDecision'] {
  return (ref, turn, { actionId, rowId }, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy): Promise<TakenTurn> => {
      const key = [ref.organisationId, ref.conversationId];
      const [conversation] = await tenancy.rows<TurnRow>(BEGIN_TURN, [...key, turn]);
      if (conversation === undefined) throw new ParleyFailure('CONVERSATION_UNKNOWN');
      const { epoch, owner, status } = conversation;
      // Of the messages that wait nothing was looked at.
      const nothing = {
        kind: 'nothing' as const,
        epoch,
        owner,
        resolved: status === 'resolved',
        throughSeq: 0,
      };
      if (owner !== 'agent' || status === 'resolved' || !isUuid(rowId)) return nothing;
      const [standing] = await tenancy.rows<StandingRow>(STANDING, [...key, approvalCause(actionId)]);
      const decision = await readDecided(tenancy, actionId);
      if (standing === undefined || standing.escalated || decision === null) return nothing;
      const { state } = standing;
      const plannedAlready = state !== null && (state !== 'planned' || standing.epoch === epoch);
      if ((await tenancy.rows(TAKE, [...key, turn, now, rowId, plannedAlready])).length === 0) return nothing;
      const known = knownOfTurn(conversation, turn);
      const past = await readPast(tenancy, {
        contactId: conversation.contact_id,
        limit: known.settings.messageLimit,
        summaryThrough: conversation.summary_through,
      });
      return {
        ...known,
        messages: [],
        lastSeq: standing.answered_seq,
        plannedAlready,
        replyIsOut: state !== null && state !== 'planned',
        escalates: null,
        ...past,
        unsummarised: 0,
        decision,
      };
    });
}

/** See `Approvals.decided`. */
export async function readDecided(tenancy: Tenancy, actionId: string): Promise<Decided | null> {
  const approval = await readApproval(tenancy, actionId);
  if (approval === null) return null;
  const { status, decidedBy, requestType, requestDetails, response, responseData, call } = approval;
  const ref = { organisationId: tenancy.organisationId, callId: call?.id ?? '' };
  const row = call === null ? undefined : await readCall(tenancy, ref);
  return {
    status,
    decidedBy,
    requestType,
    requestDetails,
    response,
    responseData,
    call: row === undefined ? null : callOf(row),
    edited: call?.edited ?? false,
  };
}
