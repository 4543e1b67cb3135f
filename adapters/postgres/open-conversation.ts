import type pg from 'pg';
import type { OpenCall, OpenedConversation, Transcript } from '../../activities/ports.ts';
import type { PendingApproval } from '../../contract/approval.ts';
import type { OnNewMessage } from '../../domain/approval.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import type { TurnRow } from './begin-turn.ts';
import { enteredRow } from './entered-row.ts';
import type { InboxRow } from './entered-row.ts';
import { HAS_EXTERNAL_ACTIONS } from './external-action-reader.ts';
import { idleStepsOf, IDLE_SOURCE } from './idle-settings.ts';
import type { IdleSourceRow } from './idle-settings.ts';
import { readLastSilence, readStepLeft } from './last-silence.ts';
import { readStandingWatch } from './standing-watch.ts';

const READ: Statement = {
  name: 'open-read',
  text: `
    select c.epoch, c.owner, c.status, c.turn, c.last_message_seq, c.channel, a.settings, c.operator_id,
      c.last_message_at, ${IDLE_SOURCE}, c.queued_at is not null as queued, c.escalated_epoch,
      (${HAS_EXTERNAL_ACTIONS})::int as external_actions,
      o.id as call_id, o.state as call_state, o.planned_at as call_planned_at,
      not exists (
        select from outbound m
        where m.organisation_id = $1 and m.conversation_id = $2 and m.turn = c.turn
          and m.state not in ('planned', 'sending')) as last_turn_unsent
    from conversations c
    join agents a on a.organisation_id = $1 and a.id = c.agent_id
    left join calls o on o.organisation_id = $1 and o.conversation_id = c.id
      and o.state in ('gathering', 'awaiting_confirmation')
    where c.organisation_id = $1 and c.id = $2
    for no key update of c`,
};

/**
 * Messages that a turn took and neither answered nor settled (its history was lost half-way) become untaken again.
 * Not those of the last turn while it may be resumed, nor those whose reply is on the way: the send settles them.
 */
const GIVE_BACK: Statement = {
  name: 'open-give-back',
  text: `
    update inbox i set turn = null, taken_at = null
    where i.organisation_id = $1 and i.conversation_id = $2 and i.settled_at is null and i.turn is not null
      and (i.turn < $3 or not $4)
      and i.turn <> all (array(
        select o.turn from outbound o
        where o.organisation_id = $1 and o.conversation_id = $2 and o.turn is not null and o.state = 'sending'))`,
};

/** What a workflow holds at once. A turn takes all there is; of other rows the relay brings those beyond. */
const WAITING_AT_MOST = 500;

/** `$4`: whether the last turn may be resumed; only then its rows wait. The scalars look beyond the limit. */
const WAITING: Statement = {
  name: 'open-waiting',
  text: `
    with waiting as not materialized (
      select id, kind, seq, epoch, received_at, about, operator_id, action_id, action_status, turn from inbox
      where organisation_id = $1 and conversation_id = $2 and settled_at is null
        and (turn is null or $4 and turn = $3)
    )
    select w.id, w.kind, w.seq, w.epoch, w.received_at, w.about, w.operator_id, w.action_id, w.action_status,
      exists (select from waiting where turn is not null) as unfinished,
      exists (select from waiting where turn is not null and kind = 'message') as resumes,
      (select min(seq) from waiting where kind = 'message') as first_message_seq
    from waiting w
    order by w.seq limit ${WAITING_AT_MOST}`,
};

const SENDING: Statement = {
  name: 'open-sending',
  text: `
    select id, sending_at from outbound
    where organisation_id = $1 and conversation_id = $2 and state = 'sending'
    order by sending_at`,
};

/** Requests of the model's own and calls that wait for a decision (APR-3): each has a workflow that waits for it. */
const OPEN_APPROVALS: Statement = {
  name: 'open-approvals',
  text: `
    select id, remind_at, expires_at, on_new_message from actions
    where organisation_id = $1 and conversation_id = $2 and status = 'pending'
    order by created_at, id`,
};

interface WaitingRow extends InboxRow {
  unfinished: boolean;
  resumes: boolean;
  first_message_seq: number | null;
}

/**
 * External actions whose turn is over and whose outcome the customer waits for (EXT-5): under way; or promised in
 * their turn's message, and nobody lived to tell. What a person came between is that person's to tell; what an operator
 * was asked about goes on with the row of the decision.
 */
const UNDER_WAY: Statement = {
  name: 'open-under-way',
  text: `
    select c.id, v.definition ->> 'actionName' as name, v.definition -> 'retryDelaySeconds' as delay_seconds,
      case when (v.definition -> 'retryOnFailure')::boolean then (v.definition -> 'maxRetries')::int else 1 end as attempts
    from calls c
    join external_action_versions v on v.organisation_id = $1 and v.external_action_id = c.external_action_id
      and v.version = c.external_action_version
    where c.organisation_id = $1 and c.conversation_id = $2 and c.turn <= $3 and c.asked_at is null
      and (c.state = 'calling' or c.epoch = $4
        and c.state in ('planned', 'succeeded', 'failed', 'timed_out', 'unknown', 'refused')
        and exists (
          select from outbound o
          where o.organisation_id = $1 and o.conversation_id = $2 and o.turn = c.turn and o.kind = 'notice')
        and not exists (
          select from outbound o
          where o.organisation_id = $1 and o.conversation_id = $2 and o.cause = 'call:' || c.id
            and o.state <> 'planned'))
    order by c.planned_at`,
};

type ReadAsForTurn =
  | 'epoch'
  | 'owner'
  | 'status'
  | 'turn'
  | 'last_message_seq'
  | 'channel'
  | 'settings'
  | 'external_actions'
  | 'last_message_at'
  | keyof IdleSourceRow;

interface ConversationRow extends Pick<TurnRow, ReadAsForTurn> {
  last_turn_unsent: boolean;
  operator_id: string | null;
  queued: boolean;
  escalated_epoch: number | null;
  call_id: string | null;
  call_state: OpenCall['kind'] | null;
  call_planned_at: Date | null;
}

interface OpenApprovalRow {
  id: string;
  remind_at: Date | null;
  expires_at: Date;
  on_new_message: OnNewMessage;
}

interface UnderWayRow {
  id: string;
  name: string;
  attempts: number;
  delay_seconds: number;
}

/** What a new run goes on with; see `Transcript.open`. Null: the conversation was erased. */
export function makeOpen(pool: pg.Pool): Transcript['open'] {
  return (ref) =>
    asOrganisation(pool, ref.organisationId, async (tenancy): Promise<OpenedConversation | null> => {
      const key = [ref.organisationId, ref.conversationId];
      const [conversation] = await tenancy.rows<ConversationRow>(READ, key);
      if (conversation === undefined) return null;
      const { turn } = conversation;
      await tenancy.rows(GIVE_BACK, [...key, turn, conversation.last_turn_unsent]);
      const waiting = await tenancy.rows<WaitingRow>(WAITING, [...key, turn, conversation.last_turn_unsent]);
      const sending = await tenancy.rows<{ id: string; sending_at: Date }>(SENDING, key);

      const unfinished = waiting[0]?.unfinished ?? false;
      const lastTurn = unfinished ? turn - 1 : turn;
      const underWay = await tenancy.rows<UnderWayRow>(UNDER_WAY, [...key, lastTurn, conversation.epoch]);
      const watch = await readStandingWatch(tenancy, ref, conversation);
      const openApprovals = await tenancy.rows<OpenApprovalRow>(OPEN_APPROVALS, key);
      const settings = completeAgentSettings(conversation.settings);
      const firstMessageSeq = waiting[0]?.first_message_seq ?? null;
      const silence = firstMessageSeq === null ? await readLastSilence(tenancy, ref) : null;
      return {
        epoch: conversation.epoch,
        owner: conversation.owner,
        resolved: conversation.status === 'resolved',
        lastTurn,
        resumes: waiting[0]?.resumes ?? false,
        // Below what waits, even where a later message is settled: what a workflow holds for answered it ignores.
        answeredSeq: firstMessageSeq === null ? conversation.last_message_seq : firstMessageSeq - 1,
        waiting: waiting.map(enteredRow),
        sending: sending.map((row) => ({ outboundId: row.id, sendingSince: row.sending_at.getTime() })),
        settings,
        idleSteps: idleStepsOf(settings, conversation),
        answeredBy: conversation.idle_source.answeredBy,
        lastCustomerAt: conversation.last_message_at,
        externalActions: conversation.external_actions,
        channel: conversation.channel,
        openCall: openCallOf(conversation),
        underWay: underWay.map(({ id, name, attempts, delay_seconds }) => ({
          callId: id,
          name,
          attempts,
          delayMs: delay_seconds * 1000,
        })),
        openApprovals: openApprovals.map(openApprovalOf),
        queued: conversation.queued,
        escalatedEpoch: conversation.escalated_epoch,
        assignee: conversation.operator_id,
        watch,
        silence,
        stepLeft: silence === null ? await readStepLeft(tenancy, ref) : null,
      };
    });
}

function openApprovalOf({ id, remind_at, expires_at, on_new_message }: OpenApprovalRow): PendingApproval {
  return {
    actionId: id,
    remindAt: remind_at?.getTime() ?? null,
    expiresAt: expires_at.getTime(),
    ...(on_new_message === 'keep' ? {} : { onNewMessage: on_new_message }),
  };
}

function openCallOf({ call_id, call_state, call_planned_at }: ConversationRow): OpenCall | null {
  if (call_id === null || call_state === null || call_planned_at === null) return null;
  return { callId: call_id, kind: call_state, askedAt: call_planned_at.getTime() };
}
