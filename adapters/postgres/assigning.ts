import type { OutgoingSignal } from '../../api/ports.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { tellConversationsChanged } from './conversation-changed.ts';
import { outgoingSignal } from './entered-row.ts';
import type { SignalRow } from './entered-row.ts';

/**
 * A statement by which conversations come to a person or into a queue: each with a new epoch, and a row that tells
 * its workflow who has it. `which` selects and locks them as `id`, `set` may read it as `f`; `$1` is the
 * organisation, `$2` the time.
 */
export function assigning({ name, which, set }: { name: string; which: string; set: string }): Statement {
  const text = `
    with found as (${which}),
    conversation as (
      update conversations c set epoch = c.epoch + 1, last_seq = c.last_seq + 1, owner = 'operator', ${set}
      from found f
      where c.organisation_id = $1 and c.id = f.id
      returning c.id, c.epoch, c.last_seq, c.operator_id, c.division_id, c.queued_at, c.agent_id,
        c.channel_integration_id, c.channel
    ),
    entered as (
      insert into inbox (organisation_id, channel_integration_id, conversation_id, kind, seq, epoch, operator_id,
        received_at, at)
      select $1, channel_integration_id, id, 'assign', last_seq, epoch, operator_id, $2, $2 from conversation
      returning id, conversation_id, kind, seq, epoch, received_at, about, operator_id
    )
    select e.*, c.division_id, c.queued_at, c.agent_id, c.channel_integration_id, c.channel
    from entered e join conversation c on c.id = e.conversation_id
    order by e.conversation_id`;
  return { name, text };
}

/** A conversation as it stands after the change. */
export interface Assigned {
  conversationId: string;
  epoch: number;
  /** Null in a queue. */
  operatorId: string | null;
  divisionId: string | null;
  queuedAt: Date | null;
  /** To be sent after the commit. */
  signal: OutgoingSignal;
}

interface AssignedRow extends SignalRow {
  division_id: string | null;
  queued_at: Date | null;
}

/** @param values what the statement names from `$3` on */
export async function assignAll(
  tenancy: Tenancy,
  statement: Statement,
  values: readonly unknown[],
  now: Date,
): Promise<Assigned[]> {
  const rows = await tenancy.rows<AssignedRow>(statement, [tenancy.organisationId, now, ...values]);
  const changed = rows.map((row) => row.conversation_id);
  await tellConversationsChanged(tenancy, changed, now);
  return rows.map((row) => ({
    conversationId: row.conversation_id,
    epoch: row.epoch,
    operatorId: row.operator_id,
    divisionId: row.division_id,
    queuedAt: row.queued_at,
    signal: outgoingSignal(tenancy.organisationId, row),
  }));
}
