import type { DueStage, WatchVerdict } from '../../activities/ports.ts';
import { noticeCause } from '../../contract/ids.ts';
import type { AgentSettings } from '../../domain/agent.ts';
import { assigneeOf } from '../../domain/escalation.ts';
import { fillNotice } from '../../domain/escalation-notices.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { nextOperator } from './assign-room.ts';
import { writeAudit } from './audit.ts';
import { giveAway, goOn } from './change-hands.ts';
import { recordEvent } from './events.ts';
import { storable } from './storable.ts';
import type { WatchedConversation } from './watches.ts';

const WRITE: Statement = {
  name: 'watch-write',
  text: `
    with stage as (
      insert into human_watches (organisation_id, conversation_id, epoch, seq, stage, outcome, own_epoch, verdict, at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    )
    insert into outbound (organisation_id, channel_integration_id, conversation_id, cause, kind, text, epoch,
      answers_seq, in_reply_to, state, planned_at, updated_at)
    select $1, c.channel_integration_id, $2, $10, 'notice', $11, $7, c.last_message_seq, '{}', 'planned', $9, $9
    from conversations c where c.organisation_id = $1 and c.id = $2 and $11::text is not null`,
};

/** The stage that gives the conversation to somebody else. The one before reminds, the one behind is the last. */
export const REROUTES = 1;

/** A stage whose time has come, in the transaction that holds its conversation. */
export interface Stage {
  tenancy: Tenancy;
  conversation: WatchedConversation;
  settings: AgentSettings;
  due: DueStage;
  now: Date;
  /** Since when the customer waits. */
  waits: Date;
}

export function carryOutStage(stage: Stage): Promise<WatchVerdict> {
  if (stage.due.stage < REROUTES) return remind(stage, {});
  if (stage.due.stage === REROUTES) return reroute(stage);
  return stage.conversation.answered_by === 'people' ? remind(stage, { nobody_else: true }) : offer(stage);
}

async function remind(stage: Stage, more: object): Promise<WatchVerdict> {
  const verdict = { kind: 'reminded' as const };
  await write(stage, { verdict, ownEpoch: null });
  await tell(stage, 'human_reminded', { ...standing(stage), ...more });
  return verdict;
}

/** Next in the division, else whoever is there; with nobody but those who have it, they are reminded again. */
async function reroute(stage: Stage): Promise<WatchVerdict> {
  const { tenancy, conversation, now } = stage;
  const { id, division_id: divisionId } = conversation;
  const except = holderOf(stage);
  const next = (of: string | null) => nextOperator(tenancy, id, { divisionId: of, except }, now);
  const inDivision = divisionId === null ? null : await next(divisionId);
  const operatorId = inDivision ?? (await next(null));
  if (operatorId === null) return remind(stage, { nobody_else: true });
  const before = standing(stage);
  const epoch = await giveAway(tenancy, id, { operatorId, divisionId }, now);
  const verdict = { kind: 'rerouted' as const, epoch, assignee: operatorId };
  await write(stage, { verdict, ownEpoch: epoch });
  const detail = { operator: operatorId, division: divisionId, queued: false, epoch, unanswered: true };
  await audit(stage, 'conversation.assigned', detail);
  await tell(stage, 'human_rerouted', { ...before, from: before.assignee, assignee: operatorId });
  return verdict;
}

/** No model is asked while a person is called (ESC-3), so the agent gets it back with the notice that says so. */
async function offer(stage: Stage): Promise<WatchVerdict> {
  const { tenancy, conversation, settings, now } = stage;
  const before = standing(stage);
  const epoch = await goOn(tenancy, conversation.id, now);
  const cause = noticeCause('offer', epoch);
  const verdict = { kind: 'offered' as const, epoch, cause };
  const notice = fillNotice(settings.escalationNotices.offer, { customerName: conversation.contact_name });
  await write(stage, { verdict, ownEpoch: epoch, notice: { cause, text: storable(notice) } });
  await audit(stage, 'conversation.hand_back', { epoch, unanswered: true });
  await tell(stage, 'human_unanswered', before);
  return verdict;
}

/** The member who has it, or whom the agent has called. */
function holderOf({ conversation, settings }: Stage): string | null {
  if (conversation.owner === 'operator') return conversation.operator_id;
  const called = settings.escalationAssignee === null ? null : assigneeOf(settings.escalationAssignee);
  return called?.kind === 'member' ? called.memberId : null;
}

function standing(stage: Stage): Record<string, unknown> {
  const { conversation, due, now, waits } = stage;
  return {
    agent_id: conversation.agent_id,
    assignee: holderOf(stage),
    queued: conversation.queued,
    division_id: conversation.division_id,
    stage: due.stage + 1,
    waited_seconds: Math.round((now.getTime() - waits.getTime()) / 1000),
  };
}

interface Written {
  verdict: Exclude<WatchVerdict, { kind: 'not_yet' | 'over' | 'left' }>;
  ownEpoch: number | null;
  notice?: { cause: string; text: string };
}

async function write(
  { tenancy, conversation, due, now }: Stage,
  { verdict, ownEpoch, notice }: Written,
): Promise<void> {
  await tenancy.rows(WRITE, [
    tenancy.organisationId,
    conversation.id,
    due.epoch,
    due.seq,
    due.stage,
    verdict.kind,
    ownEpoch,
    JSON.stringify(verdict),
    now,
    notice?.cause ?? null,
    notice?.text ?? null,
  ]);
}

async function tell(
  { tenancy, conversation, now }: Stage,
  name: string,
  properties: Record<string, unknown>,
): Promise<void> {
  await recordEvent(tenancy, conversation.id, name, properties, now);
}

async function audit(
  { tenancy, conversation, now }: Stage,
  action: string,
  detail: Record<string, unknown>,
): Promise<void> {
  const actor = `agent:${conversation.agent_id}`;
  await writeAudit(tenancy, { actor, action, subject: conversation.id, detail, source: null }, now);
}
