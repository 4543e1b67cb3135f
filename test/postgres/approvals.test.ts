import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { openApprovalRequests } from '../../adapters/postgres/approval-requests.ts';
import { openApprovals } from '../../adapters/postgres/approvals.ts';
import { openRelayStore } from '../../adapters/postgres/relay-store.ts';
import { makeReceive } from '../../adapters/postgres/receive-message.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import type { ApprovalRequest } from '../../domain/approval-request.ts';
import { openScene } from './actions.ts';
import type { Scene } from './actions.ts';
import { NOW, later, look, openInstallation, textMessage } from './installation.ts';

const REFUND: ApprovalRequest = {
  requestType: 'refund_request',
  requestDetails: 'Twelve euros back for order 7',
  priority: 'high',
  requestData: { order: 7, amount: 12 },
};
const TOOL = { tool: 'submit_action_request', reliability: 'keyed' as const };
const YES = { decision: 'approve' as const, response: 'Fine', responseData: { refund: 12 } };
const NO = { decision: 'deny' as const, response: null, responseData: null };

describe('approvals', () => {
  let pool: pg.Pool;
  let database: TestDatabase;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, database, close } = await openInstallation());
  });
  after(() => close());

  async function openDesk(settings: Record<string, unknown> = {}) {
    const scene = await openScene(pool, 'generic', settings);
    const { organisationId } = scene.ref;
    await scene.look('insert into feature_flags values ($1, $2, true, $3)', [
      organisationId,
      'actions_center',
      NOW,
    ]);
    await scene.transcript.take(scene.ref, 1, NOW);
    const requests = openApprovalRequests(pool);
    const approvals = openApprovals(pool);
    const operator = () => ({ ...scene.caller, keyId: randomUUID() });
    return {
      ...scene,
      requests,
      approvals,
      operator,
      async file(request = REFUND, step = 1) {
        const call = await scene.under({ ...TOOL, digest: randomUUID() }, { step });
        const outcome = await requests.request(scene.refOf(call), request, NOW);
        if (outcome.kind !== 'made') throw new Error(`refused: ${outcome.code}`);
        return { call, ...outcome.approval };
      },
      outcomes: () =>
        scene.look(
          `select action_id, action_status from inbox
           where conversation_id = $1 and kind = 'approval_outcome' order by seq`,
          [scene.ref.conversationId],
        ),
    };
  }

  /** A request call of another conversation of the same contact, under way. */
  async function otherConversation(scene: Scene): Promise<{ callId: string; organisationId: string }> {
    const { organisationId } = scene.ref;
    const message = textMessage('m1', { room: randomUUID() });
    const { conversationId } = await makeReceive(pool)(scene.integration, message, NOW);
    const [row] = await look<{ id: string }>(
      pool,
      organisationId,
      `insert into calls (organisation_id, origin, conversation_id, turn, number, tool, arguments, digest, reliability,
         state, message, idempotency_key, epoch, answers_seq, attempts, planned_at, began_at)
       values ($1, 'conversation', $2::uuid, 1, 1, 'submit_action_request', '{}', '', 'keyed', 'calling', '', $2, 1, 1,
         1, $3, $3) returning id`,
      [organisationId, conversationId, NOW],
    );
    return { callId: row?.id ?? '', organisationId };
  }

  describe('filing', () => {
    it('APR-1 (AC Insert; AC Context) files what the model may say, all else from the call, once', async () => {
      const desk = await openDesk();
      const { call, actionId, remindAt, expiresAt } = await desk.file();
      assert.deepEqual([remindAt, expiresAt], [later(3_600).getTime(), later(86_400).getTime()]);
      const again = await desk.requests.request(desk.refOf(call), REFUND, later(1));
      assert.deepEqual(again, { kind: 'made', approval: { actionId, remindAt, expiresAt } });
      const [conversation] = await desk.look<Record<string, unknown>>(
        'select agent_id, contact_id from conversations',
      );
      const rows = await desk.look(
        `select id, conversation_id, agent_id, contact_id, request_type, request_details, request_data, status, priority,
           created_at, resolved_at from actions`,
      );
      assert.deepEqual(rows, [
        {
          id: actionId,
          conversation_id: desk.ref.conversationId,
          ...conversation,
          request_type: 'refund_request',
          request_details: REFUND.requestDetails,
          request_data: REFUND.requestData,
          status: 'pending',
          priority: 'high',
          created_at: NOW,
          resolved_at: null,
        },
      ]);
      const ended = await desk.calls.read(desk.refOf(call));
      assert.equal(ended?.state, 'succeeded');
      const { success, action_id, status } = ended?.result as Record<string, unknown>;
      assert.deepEqual([success, action_id, status], [true, actionId, 'pending']);
    });

    it('APR-1 (AC Realtime) stores the event that consoles hear of, without a word of the request', async () => {
      const desk = await openDesk();
      const { call, actionId } = await desk.file();
      const found = (await desk.events()).find(([name]) => name === 'approval_requested');
      const agent_id = desk.integration.agentId;
      assert.deepEqual(found?.[1], {
        action_id: actionId,
        agent_id,
        call_id: call.id,
        status: 'pending',
        priority: 'high',
      });
    });

    it('APR-1 files nothing while the flag is off', async () => {
      const desk = await openDesk();
      await desk.look('update feature_flags set enabled = false');
      const call = await desk.under(TOOL);
      const outcome = await desk.requests.request(desk.refOf(call), REFUND, NOW);
      assert.deepEqual(outcome, { kind: 'refused', code: 'flag_off' });
      assert.deepEqual(await desk.look('select id from actions'), []);
    });

    it('APR-1 (AC Context) files nothing for a call that no customer stands behind', async () => {
      const desk = await openDesk();
      const [row] = await desk.look<{ id: string }>(
        `insert into calls (organisation_id, origin, number, tool, arguments, digest, reliability, state, message,
           idempotency_key, planned_at, attempts)
         values ($1, 'test', 1, 'submit_action_request', '{}', '', 'keyed', 'calling', '', 'k', $2, 1) returning id`,
        [desk.ref.organisationId, NOW],
      );
      const ref = { organisationId: desk.ref.organisationId, callId: row?.id ?? '' };
      assert.deepEqual(await desk.requests.request(ref, REFUND, NOW), {
        kind: 'refused',
        code: 'no_contact',
      });
    });

    it('APR-6 (AC Limits) files as many for a contact in 24 hours as the agent’s settings say, and no more', async () => {
      const desk = await openDesk({ approvalsPerContactPerDay: 3 });
      await desk.file(REFUND, 1);
      const refs = await Promise.all([1, 2, 3, 4, 5].map(() => otherConversation(desk)));
      const outcomes = await Promise.all(refs.map((ref) => desk.requests.request(ref, REFUND, NOW)));
      assert.equal(outcomes.filter(({ kind }) => kind === 'made').length, 2);
      assert.deepEqual(
        outcomes.find(({ kind }) => kind === 'refused'),
        { kind: 'refused', code: 'limit_reached', most: 3 },
      );
      const left = refs.find((_, n) => outcomes[n]?.kind === 'refused');
      assert.ok(left);
      assert.equal((await desk.requests.request(left, REFUND, later(86_401))).kind, 'made');
    });

    it('APR-1 files nothing once a person has the conversation', async () => {
      const desk = await openDesk();
      const call = await desk.under(TOOL);
      await desk.inbox.command(desk.caller, desk.ref.conversationId, 'take_over', NOW);
      const outcome = await desk.requests.request(desk.refOf(call), REFUND, NOW);
      assert.deepEqual(outcome, { kind: 'refused', code: 'overtaken' });
    });
  });

  describe('deciding', () => {
    it('APR-4 lets one of 20 approvals, 5 denials, a withdrawal and the expiry win, and tells the others', async () => {
      const desk = await openDesk();
      const { actionId, expiresAt } = await desk.file();
      const ref = { organisationId: desk.ref.organisationId, actionId };
      const end = new Date(expiresAt);
      const inTime = new Date(expiresAt - 1);
      const [concluded, ...results] = await Promise.all([
        desk.requests.conclude(ref, end),
        ...Array.from({ length: 20 }, () => desk.approvals.decide(desk.operator(), actionId, YES, inTime)),
        ...Array.from({ length: 5 }, () => desk.approvals.decide(desk.operator(), actionId, NO, inTime)),
        desk.approvals.cancel(desk.operator(), actionId, inTime),
      ]);
      const standing = await desk.approvals.read(desk.caller, actionId);
      assert.ok(standing !== null && standing.status !== 'pending');
      const won = results.filter(({ kind }) => kind === 'done').length;
      assert.equal(won + (standing.status === 'expired' ? 1 : 0), 1);
      for (const result of results)
        assert.deepEqual('approval' in result && result.approval, standing, result.kind);
      assert.equal(concluded?.status === 'expired', standing.status === 'expired');
      assert.deepEqual(await desk.outcomes(), [{ action_id: actionId, action_status: standing.status }]);
      const ends = (await desk.events()).filter(([name]) => /approval_(dec|exp|can)/.test(name));
      assert.equal(ends.length, 1);
    });

    it('APR-3 keeps response and data, tells the conversation by a row, and who decided by an audit entry', async () => {
      const desk = await openDesk();
      const { actionId } = await desk.file();
      const memberId = randomUUID();
      const caller = { ...desk.operator(), memberId };
      const result = await desk.approvals.decide(caller, actionId, YES, later(60));
      assert.ok(result.kind === 'done' && result.signal !== null);
      const { status, response, responseData, decidedBy, resolvedAt } = result.approval;
      assert.deepEqual(
        [status, response, responseData, decidedBy, resolvedAt],
        ['approved', 'Fine', { refund: 12 }, `member:${memberId}`, later(60)],
      );
      const { kind, action } = result.signal.row;
      assert.deepEqual([kind, action], ['approval_outcome', { id: actionId, status: 'approved' }]);
      const audit = await desk.look(
        "select actor, action, subject from audit where action like 'approval.%'",
      );
      assert.deepEqual(audit, [
        { actor: `agent:${desk.integration.agentId}`, action: 'approval.requested', subject: actionId },
        { actor: `member:${memberId}`, action: 'approval.approved', subject: actionId },
      ]);
      const opened = await desk.transcript.open(desk.ref);
      const waiting = opened?.waiting.find((row) => row.kind === 'approval_outcome');
      assert.deepEqual(waiting?.action, { id: actionId, status: 'approved' });
    });

    it('APR-3 leaves a decision whose signal was lost to the relay', async () => {
      const desk = await openDesk();
      const { actionId } = await desk.file();
      await desk.approvals.decide(desk.operator(), actionId, NO, NOW);
      const relay = openRelayStore({ url: database.jobsUrl });
      try {
        const due = (await relay.due(later(10), 1_000)).find(
          ({ ref }) => ref.conversationId === desk.ref.conversationId,
        );
        const row = due?.rows.find(({ kind }) => kind === 'approval_outcome');
        assert.deepEqual(row?.action, { id: actionId, status: 'denied' });
      } finally {
        await relay.close();
      }
    });

    it('APR-4 refuses a decision after the expiry, which is noted with it where nobody had', async () => {
      const desk = await openDesk();
      const { actionId, expiresAt } = await desk.file();
      const late = await desk.approvals.decide(desk.operator(), actionId, YES, new Date(expiresAt));
      assert.ok(late.kind === 'ended' && late.signal !== null);
      assert.deepEqual([late.approval.status, late.approval.decidedBy], ['expired', null]);
      const later = await desk.approvals.cancel(desk.operator(), actionId, new Date(expiresAt + 1));
      assert.ok(later.kind === 'ended' && later.signal === null);
    });

    it('APR-3 does not expire before its time, and reminds only of what is pending', async () => {
      const desk = await openDesk({ escalationAssignee: 'U12345' });
      const { actionId, expiresAt } = await desk.file();
      const ref = { organisationId: desk.ref.organisationId, actionId };
      assert.deepEqual(await desk.requests.conclude(ref, new Date(expiresAt - 1)), {
        status: 'pending',
        row: null,
      });
      const reminder = await desk.requests.reminder(ref, later(3_600));
      assert.deepEqual([reminder?.assignee, reminder?.requestType], ['U12345', 'refund_request']);
      const concluded = await desk.requests.conclude(ref, new Date(expiresAt));
      assert.deepEqual(concluded?.row?.action, { id: actionId, status: 'expired' });
      assert.equal(await desk.requests.reminder(ref, new Date(expiresAt)), null);
    });

    it('APR-2 (AC Priority) lets an operator raise a pending request to urgent', async () => {
      const desk = await openDesk();
      const { actionId } = await desk.file();
      const raised = await desk.approvals.setPriority(desk.caller, actionId, 'urgent', NOW);
      assert.ok(raised.kind === 'done' && raised.approval.priority === 'urgent');
      await desk.approvals.cancel(desk.caller, actionId, NOW);
      assert.equal((await desk.approvals.setPriority(desk.caller, actionId, 'low', NOW)).kind, 'ended');
    });

    it('APR-2 cancels what is pending with the conversation, and tells nobody who is gone', async () => {
      const desk = await openDesk();
      const first = await desk.file(REFUND, 1);
      const second = await desk.file(REFUND, 2);
      await desk.approvals.decide(desk.operator(), first.actionId, YES, NOW);
      await desk.inbox.command(desk.caller, desk.ref.conversationId, 'resolve', NOW);
      const statusOf = async (id: string) => (await desk.approvals.read(desk.caller, id))?.status;
      assert.deepEqual(
        [await statusOf(first.actionId), await statusOf(second.actionId)],
        ['approved', 'cancelled'],
      );
      assert.equal((await desk.outcomes()).length, 1);
      const names = (await desk.events()).map(([name]) => name);
      assert.equal(names.filter((name) => name === 'approval_cancelled').length, 1);
    });

    it('APR-2 cancels what is pending when the agent’s own tool resolves', async () => {
      const desk = await openDesk();
      const { actionId } = await desk.file();
      const call = await desk.under({ tool: 'qontak_chat_room_resolve', reliability: 'keyed' }, { step: 2 });
      await desk.rooms.resolve(desk.refOf(call), { message: null }, NOW);
      const cancelled = await desk.approvals.read(desk.caller, actionId);
      assert.deepEqual(
        [cancelled?.status, cancelled?.decidedBy],
        ['cancelled', `agent:${desk.integration.agentId}`],
      );
    });

    it('APR-2 lists by status, newest first, and nobody else’s', async () => {
      const desk = await openDesk();
      const other = await openDesk();
      await other.file();
      const first = await desk.file(REFUND, 1);
      const second = await desk.file(REFUND, 2);
      await desk.approvals.cancel(desk.caller, first.actionId, NOW);
      const list = async (status?: 'pending' | 'cancelled') =>
        (
          await desk.approvals.list(desk.caller, status === undefined ? {} : { status }, {
            limit: 10,
            cursor: null,
          })
        ).data.map(({ id }) => id);
      assert.deepEqual(await list('pending'), [second.actionId]);
      assert.deepEqual(await list('cancelled'), [first.actionId]);
      assert.equal((await list()).length, 2);
      assert.equal((await other.approvals.decide(other.caller, second.actionId, YES, NOW)).kind, 'unknown');
    });
  });
});
