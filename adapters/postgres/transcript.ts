import type pg from 'pg';
import type { Transcript } from '../../activities/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import type { AgentSettings } from '../../domain/agent.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { FILE_IS_DUE } from './media.ts';
import { readFiles } from './media-of-messages.ts';
import { makeOpen } from './open-conversation.ts';
import { readUnsummarised } from './past-messages.ts';
import { makePlan, makeRecordStep } from './plan-reply.ts';
import { storable } from './storable.ts';
import { makeTakeDecision } from './take-decision.ts';
import { makeTake } from './take-messages.ts';

const SETTLE: Statement = {
  name: 'settle',
  text: `
    with settled as (
      update inbox i set settled_at = $5, settled_reason = given.reason
      from unnest($3::uuid[], $4::text[]) as given (id, reason)
      where i.organisation_id = $1 and i.conversation_id = $2 and i.id = given.id and i.settled_at is null
    )
    select i.id from inbox i
    where i.organisation_id = $1 and i.conversation_id = $2 and i.id = any ($3) and ${FILE_IS_DUE}`,
};

const READ_SUMMARY: Statement = {
  name: 'summary-read',
  text: `
    select k.id, k.summary, k.summary_through, a.settings
    from conversations c
    join contacts k on k.organisation_id = $1 and k.id = c.contact_id
    join agents a on a.organisation_id = $1 and a.id = c.agent_id
    where c.organisation_id = $1 and c.id = $2`,
};

/** Two conversations of one contact may summarise at once: the one that knows less does not win. */
const SAVE_SUMMARY: Statement = {
  name: 'summary-save',
  text: `
    update contacts k set summary = $3, summary_through = $4
    from conversations c
    where c.organisation_id = $1 and c.id = $2 and k.organisation_id = $1 and k.id = c.contact_id
      and (k.summary_through is null or k.summary_through < $4)`,
};

interface SummaryRow {
  id: string;
  summary: string | null;
  summary_through: Date | null;
  settings: Partial<AgentSettings>;
}

/** The words of a conversation as a turn needs them. */
export function openTranscript(pool: pg.Pool): Transcript {
  return {
    open: makeOpen(pool),
    take: makeTake(pool),
    takeDecision: makeTakeDecision(pool),
    plan: makePlan(pool),
    recordStep: makeRecordStep(pool),

    settle: (ref, rows, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const ids = rows.map((row) => row.id);
        const reasons = rows.map((row) => row.reason);
        const values = [ref.organisationId, ref.conversationId, ids, reasons, now];
        return (await tenancy.lastRows<{ id: string }>(SETTLE, values)).map(({ id }) => id);
      }),

    async unsummarised(ref) {
      const due = await asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const [contact] = await tenancy.rows<SummaryRow>(READ_SUMMARY, [
          ref.organisationId,
          ref.conversationId,
        ]);
        if (contact === undefined) throw new ParleyFailure('CONVERSATION_UNKNOWN');
        const messages = await readUnsummarised(tenancy, {
          contactId: contact.id,
          keepLast: completeAgentSettings(contact.settings).messageLimit,
          summaryThrough: contact.summary_through,
        });
        return { previous: contact.summary, messages };
      });
      return { ...due, messages: await readFiles(pool, ref.organisationId, due.messages) };
    },

    saveSummary: (ref, summary) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, storable(summary.text), summary.through];
        await tenancy.lastRows(SAVE_SUMMARY, values);
      }),
  };
}
