import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Executions } from '../../api/ports.ts';
import { hasEnded } from '../../domain/call.ts';
import type { CallState } from '../../domain/call.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { actorOf, writeAudit } from './audit.ts';
import { LIST, ONE, execution } from './execution-rows.ts';
import type { ExecutionRow } from './execution-rows.ts';
import { BY_TIME, EMPTY_PAGE, readCursor, toPage } from './page.ts';
import { storable, storableJson } from './storable.ts';

/** Deleted actions keep their log. */
const EXISTS: Statement = {
  name: 'executions-action-exists',
  text: 'select 1 from external_actions where organisation_id = $1 and id = $2',
};

/** A test has no customer: no conversation, no turn, and a key that no customer's call can have. */
const PLAN_TEST: Statement = {
  name: 'executions-plan-test',
  text: `
    insert into calls (organisation_id, id, origin, tool, external_action_id, external_action_version, arguments,
      digest, reliability, state, message, idempotency_key, planned_at)
    select $1, $3, 'test', 'external_action', a.id, a.version, $4, $5, 'keyed', 'planned', $6, $7, $8
    from external_actions a where a.organisation_id = $1 and a.id = $2 and a.deleted_at is null
    returning id`,
};

const REPLAYED: Statement = {
  name: 'executions-replayed',
  text: `
    select state, origin, began_at from calls
    where organisation_id = $1 and external_action_id = $2 and id = $3`,
};

/**
 * The same call for the same customer, outside of any turn: its conversation's fence is not asked. What repeats a
 * repetition repeats the first.
 */
const PLAN_REPLAY: Statement = {
  name: 'executions-plan-replay',
  text: `
    insert into calls (organisation_id, id, origin, conversation_id, tool, external_action_id,
      external_action_version, arguments, digest, reliability, state, confidence, message, idempotency_key,
      planned_at, replay_of)
    select organisation_id, $3, 'replay', conversation_id, tool, external_action_id, external_action_version,
      arguments, digest, reliability, 'planned', confidence, message, idempotency_key, $4,
      coalesce(replay_of, id)
    from calls where organisation_id = $1 and id = $2`,
};

const ABANDON: Statement = {
  name: 'executions-abandon',
  text: `
    update calls set state = 'cancelled', reason = $3, ended_at = $4
    where organisation_id = $1 and id = $2 and state = 'planned' and origin in ('test', 'replay')`,
};

/** Never called, so there is nothing to repeat; of a cancelled call the customer may have said no to it. */
const NEVER_CALLED: readonly CallState[] = ['cancelled', 'superseded'];

export function openExecutions(pool: pg.Pool, clock: { now(): Date }): Executions {
  return {
    async list({ organisationId }, actionId, filter, { limit, cursor }) {
      if (!isUuid(actionId)) return null;
      const before = readCursor(cursor, BY_TIME);
      return asOrganisation(pool, organisationId, async (tenancy) => {
        if ((await tenancy.rows(EXISTS, [organisationId, actionId])).length === 0) return null;
        if (filter.conversation !== undefined && !isUuid(filter.conversation)) return EMPTY_PAGE;
        const rows = await tenancy.rows<ExecutionRow>(LIST, [
          organisationId,
          actionId,
          before?.[0] ?? null,
          before?.[1] ?? null,
          filter.states ?? null,
          filter.from ?? null,
          filter.to ?? null,
          filter.conversation ?? null,
          limit + 1,
        ]);
        return toPage(rows, limit, (row) => [row.planned_at.toISOString(), row.id], execution);
      });
    },

    async read({ organisationId }, actionId, id) {
      if (!isUuid(actionId) || !isUuid(id)) return null;
      return asOrganisation(pool, organisationId, async (tenancy) => {
        const [row] = await tenancy.rows<ExecutionRow>(ONE, [organisationId, actionId, id]);
        return row === undefined ? null : execution(row);
      });
    },

    async planTest(caller, actionId, { mode, message, variables }) {
      if (!isUuid(actionId)) return null;
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        const callId = randomUUID();
        const given = storableJson(variables);
        const digest = createHash('sha256').update(given).digest('base64url');
        const row = [caller.organisationId, actionId, callId, given, digest, storable(message)];
        const [planned] = await tenancy.rows(PLAN_TEST, [...row, `test:${callId}`, now]);
        if (planned === undefined) return null;
        const entry = { actor: actorOf(caller), action: 'external_action.tested', subject: actionId };
        await writeAudit(tenancy, { ...entry, source: null, detail: { mode, execution: callId } }, now);
        return { callId };
      });
    },

    async planReplay(caller, actionId, id) {
      if (!isUuid(actionId) || !isUuid(id)) return { kind: 'unknown' };
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const place = [caller.organisationId, actionId, id];
        const [row] = await tenancy.rows<{ state: CallState; origin: string; began_at: Date | null }>(
          REPLAYED,
          place,
        );
        if (row === undefined) return { kind: 'unknown' };
        const { state } = row;
        const onlyTried = row.origin === 'test' && row.began_at === null;
        if (!hasEnded(state) || NEVER_CALLED.includes(state) || onlyTried)
          return { kind: 'not_replayable', state };
        const now = clock.now();
        const callId = randomUUID();
        await tenancy.rows(PLAN_REPLAY, [caller.organisationId, id, callId, now]);
        const entry = { actor: actorOf(caller), action: 'external_action.replayed', subject: actionId };
        const detail = { execution: id, replay: callId };
        await writeAudit(tenancy, { ...entry, source: null, detail }, now);
        return { kind: 'planned', callId };
      });
    },

    async abandon({ organisationId }, id, reason) {
      if (!isUuid(id)) return;
      await asOrganisation(pool, organisationId, (tenancy) =>
        tenancy.lastRows(ABANDON, [organisationId, id, reason, clock.now()]),
      );
    },
  };
}
