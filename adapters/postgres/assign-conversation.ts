import type pg from 'pg';
import type { Inbox } from '../../api/ports.ts';
import type { Owner } from '../../domain/conversation.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { findOperator } from './assign-room.ts';
import { assignAll, assigning } from './assigning.ts';
import { noteChange } from './audit.ts';
import { holdQueues } from './presence.ts';

const READ: Statement = {
  name: 'assign-read',
  text: 'select owner, status from conversations where organisation_id = $1 and id = $2 for no key update',
};

const ASSIGN = assigning({
  name: 'assign',
  which: 'select $3::uuid as id',
  set: `operator_id = $4, division_id = $5, queued_at = case when $4::uuid is null then $2::timestamptz end`,
});

interface Found {
  owner: Owner;
  status: 'open' | 'resolved';
}

/** A person decides who answers, whoever has the conversation now; see `Inbox.assign`. */
export function makeAssign(pool: pg.Pool): Inbox['assign'] {
  return async (caller, conversationId, to, now) => {
    const { organisationId } = caller;
    if (!isUuid(conversationId)) return { kind: 'unknown' };
    return asOrganisation(pool, organisationId, async (tenancy) => {
      await holdQueues(tenancy);
      const [conversation] = await tenancy.rows<Found>(READ, [organisationId, conversationId]);
      if (conversation === undefined) return { kind: 'unknown' };
      if (conversation.status === 'resolved') return { kind: 'resolved', owner: conversation.owner };
      const found = await findOperator(tenancy, conversationId, to, now);
      if ('refused' in found) return { kind: 'refused', code: found.refused };
      const values = [conversationId, found.operatorId, found.divisionId];
      const [assigned] = await assignAll(tenancy, ASSIGN, values, now);
      if (assigned === undefined) throw new Error('a locked conversation is gone');
      const { epoch, operatorId, divisionId, queuedAt, signal } = assigned;
      const detail = { operator: operatorId, division: divisionId, queued: queuedAt !== null, epoch };
      const entry = { action: 'conversation.assigned', subject: conversationId, detail };
      await noteChange(tenancy, caller, entry, now);
      const queue = queuedAt === null ? null : { divisionId, since: queuedAt };
      return { kind: 'done', epoch, assignee: operatorId, queue, signal };
    });
  };
}
