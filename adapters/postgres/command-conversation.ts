import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { Caller, Command, CommandResult, Inbox } from '../../api/ports.ts';
import { statusOf } from '../../domain/conversation.ts';
import type { Owner } from '../../domain/conversation.ts';
import type { AnsweredBy } from '../../domain/idle-sequence.ts';
import { cancelApprovalsOf } from './approval-rows.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { actorOf, deciderOf } from './audit.ts';
import { tellConversationsChanged } from './conversation-changed.ts';
import { outgoingSignal } from './entered-row.ts';
import type { SignalRow } from './entered-row.ts';

/** As long as a placeholder may take: 5 s until its call begins, and the call. */
const PLACEHOLDER_MS = 10_000;

const READ: Statement = {
  name: 'command-read',
  text: `
    select c.owner, c.status, c.queued_at, (
      select v.answered_by from channel_integrations v
      where v.organisation_id = $1 and v.id = c.channel_integration_id) as answered_by
    from conversations c where c.organisation_id = $1 and c.id = $2 for no key update of c`,
};

const COMMAND: Statement = {
  name: 'command',
  text: `
    with conversation as (
      update conversations
      set epoch = epoch + 1, last_seq = last_seq + 1, owner = $5, operator_id = $6, status = $7, resolved_at = $8,
          queued_at = null, division_id = case when $3 = 'take_over' then division_id end
      where organisation_id = $1 and id = $2
      returning id, epoch, last_seq, agent_id, channel_integration_id, channel
    ),
    entered as (
      insert into inbox (organisation_id, channel_integration_id, conversation_id, kind, seq, epoch, operator_id,
        received_at, at)
      select $1, channel_integration_id, id, $3, last_seq, epoch, $6, $4, $4 from conversation
      returning id, conversation_id, kind, seq, epoch, received_at, about, operator_id
    ),
    audited as (
      insert into audit (organisation_id, actor, action, subject, detail, at)
      select $1, $9, 'conversation.' || $3, id::text, jsonb_build_object('epoch', epoch), $4 from conversation
    )
    select e.*, c.agent_id, c.channel_integration_id, c.channel from entered e, conversation c`,
};

/**
 * A placeholder is a message of the agent's, too. One whose worker died stays `posting` for ever; once its time to begin
 * is over nobody posts it any more.
 */
const IN_FLIGHT: Statement = {
  name: 'command-in-flight',
  text: `
    select id from (
      select id, sending_at as since from outbound
      where organisation_id = $1 and conversation_id = $2 and state = 'sending' and epoch < $3
      union all
      select id, begun_at from placeholders
      where organisation_id = $1 and conversation_id = $2 and state = 'posting' and turn is not null
        and begun_at > $4::timestamptz - interval '${PLACEHOLDER_MS} ms'
    ) on_the_wire
    order by since`,
};

interface Found {
  owner: Owner;
  status: string;
  queued_at: Date | null;
  answered_by: AnsweredBy;
}

/** What a command makes of a conversation; null where it comes too late or has no sense. */
function outcome(
  command: Command,
  { owner, resolved, queued }: { owner: Owner; resolved: boolean; queued: boolean },
  answeredBy: AnsweredBy,
): { owner: Owner; resolved: boolean } | null {
  if (resolved) return null;
  switch (command) {
    case 'take_over':
      return owner === 'agent' || queued ? { owner: 'operator', resolved: false } : null;
    case 'hand_back':
      // Where people answer alone there is no agent to hand it to.
      return owner === 'operator' && answeredBy === 'agent' ? { owner: 'agent', resolved: false } : null;
    case 'resolve':
      return { owner: 'agent', resolved: true };
  }
}

/** How long a take-over waits for messages that are on the wire, and how often it looks. */
const WAIT_MS = 2_000;
const LOOK_MS = 25;

/**
 * Every change of hands is one compare-and-set that raises the epoch, its row for the workflow and its audit entry.
 * From that commit on no message of an older epoch passes the fence; a take-over then waits until none is on the
 * wire, and names what still is.
 */
export function makeCommand(pool: pg.Pool): Inbox['command'] {
  return async (caller, conversationId, command, now) => {
    const result = await decide(pool, caller, conversationId, command, now);
    if (result.kind !== 'done' || command !== 'take_over') return result;
    return { ...result, inFlight: await waitForTheWire(pool, caller, conversationId, result.epoch, now) };
  };
}

async function decide(
  pool: pg.Pool,
  caller: Caller,
  conversationId: string,
  command: Command,
  now: Date,
): Promise<CommandResult> {
  const { organisationId } = caller;
  if (!isUuid(conversationId)) return { kind: 'unknown' };
  return asOrganisation(pool, organisationId, async (tenancy): Promise<CommandResult> => {
    const [found] = await tenancy.rows<Found>(READ, [organisationId, conversationId]);
    if (found === undefined) return { kind: 'unknown' };
    const { owner, status, queued_at, answered_by } = found;
    const current = { owner, resolved: status === 'resolved', queued: queued_at !== null };
    const next = outcome(command, current, answered_by);
    if (next === null) return { kind: 'lost', owner: current.owner, status: statusOf(current) };
    const [row] = await tenancy.rows<SignalRow>(COMMAND, [
      organisationId,
      conversationId,
      command,
      now,
      next.owner,
      next.owner === 'operator' ? (caller.memberId ?? caller.keyId) : null,
      next.resolved ? 'resolved' : 'open',
      next.resolved ? now : null,
      actorOf(caller),
    ]);
    if (row === undefined) throw new Error('a locked conversation is gone');
    if (next.resolved) await cancelApprovalsOf(tenancy, conversationId, deciderOf(caller), now);
    await tellConversationsChanged(tenancy, [conversationId], now);
    return {
      kind: 'done',
      owner: next.owner,
      epoch: row.epoch,
      status: statusOf(next),
      inFlight: [],
      signal: outgoingSignal(organisationId, row),
    };
  });
}

async function waitForTheWire(
  pool: pg.Pool,
  { organisationId }: Caller,
  conversationId: string,
  epoch: number,
  now: Date,
): Promise<string[]> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const rows = await asOrganisation(pool, organisationId, (tenancy) =>
      tenancy.lastRows<{ id: string }>(IN_FLIGHT, [organisationId, conversationId, epoch, now]),
    );
    if (rows.length === 0 || performance.now() >= deadline) return rows.map((row) => row.id);
    await pause(LOOK_MS);
  }
}
