import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type { EditableCall } from '../../api/ports.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../../domain/external-action.ts';
import type { ExternalAction } from '../../domain/external-action.ts';
import type { Role } from '../../domain/role.ts';
import { editableCalls } from './fake-approvals.ts';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

const REFUND: ExternalAction = {
  ...DEFAULT_EXTERNAL_ACTION,
  actionName: 'refund',
  displayName: 'Refund',
  trainingExamples: [],
  webhookUrl: 'https://shop.example/refunds',
  variables: [
    { name: 'amount', prompt: 'How much', type: 'number', required: true, defaultValue: null, options: [] },
  ],
};

describe('approvals over the API', () => {
  let stage: ApiStage;
  beforeEach(async () => (stage = await openApiStage()));
  afterEach(() => stage.close());

  const as = (role: Role, method: string, path: string, body?: unknown) =>
    call(stage.url, method, path, { key: stage.here.keys[role], body });
  const path = () => `/v1/approvals/${stage.here.approval}`;
  const decide = (body: object) => as('operator', 'POST', `${path()}/decision`, body);
  const list = async (query: string) =>
    ((await as('viewer', 'GET', `/v1/approvals${query}`)).body['data'] as { id: string }[]).map(
      ({ id }) => id,
    );

  it('APR-2 lists what waits, and shows one, to a viewer', async () => {
    assert.deepEqual(await list('?status=pending'), [stage.here.approval]);
    assert.deepEqual(await list('?status=approved'), []);
    const shown = await as('viewer', 'GET', path());
    assert.equal(shown.status, 200);
    assert.deepEqual(shown.body['request_data'], { order: 7 });
    assert.equal((await as('viewer', 'GET', '/v1/approvals?status=open')).status, 422);
    assert.equal((await as('viewer', 'GET', `/v1/approvals/${stage.there.approval}`)).status, 404);
  });

  it('APR-3 answers a decision at once, keeps its data, and tells the conversation and whoever waits', async () => {
    const answer = await decide({ decision: 'approve', response: 'Fine', response_data: { refund: 12 } });
    assert.equal(answer.status, 200);
    assert.deepEqual(
      [answer.body['status'], answer.body['decided_at']],
      ['approved', stage.world.now.toISOString()],
    );
    const shown = await as('viewer', 'GET', path());
    assert.deepEqual([shown.body['response'], shown.body['response_data']], ['Fine', { refund: 12 }]);
    assert.deepEqual(
      stage.world.signals.map(({ row }) => row.kind),
      ['approval_outcome'],
    );
    assert.deepEqual(stage.world.decided, [stage.here.approval]);
  });

  it('APR-4 tells the second who decided and when', async () => {
    const first = await decide({ decision: 'deny' });
    stage.world.advance(1_000);
    const second = await decide({ decision: 'approve' });
    assert.equal(second.status, 409);
    const { approval_status, decided_by, decided_at } = second.body;
    assert.deepEqual(
      [approval_status, decided_by, decided_at],
      ['denied', first.body['decided_by'], first.body['decided_at']],
    );
    assert.equal(stage.world.signals.length, 1);
  });

  it('APR-4 refuses a decision after the expiry, and after a withdrawal, with 410', async () => {
    const withdrawn = await as('operator', 'POST', `${path()}/cancel`);
    assert.deepEqual([withdrawn.status, withdrawn.body['status']], [200, 'cancelled']);
    const late = await decide({ decision: 'approve' });
    assert.deepEqual([late.status, late.body['approval_status']], [410, 'cancelled']);
    assert.equal(late.body['decided_by'], withdrawn.body['decided_by']);

    const key = stage.there.keys.operator;
    stage.world.advance(86_400_000);
    const decision = `/v1/approvals/${stage.there.approval}/decision`;
    const expired = await call(stage.url, 'POST', decision, { key, body: { decision: 'approve' } });
    assert.deepEqual([expired.status, expired.body['approval_status']], [410, 'expired']);
  });

  it('APR-2 (AC Priority) lets an operator raise a request to urgent, and a viewer not', async () => {
    const raised = await as('operator', 'PATCH', path(), { priority: 'urgent' });
    assert.deepEqual([raised.status, raised.body['priority']], [200, 'urgent']);
    assert.equal((await as('operator', 'PATCH', path(), { priority: 'highest' })).status, 422);
    assert.equal((await as('viewer', 'PATCH', path(), { priority: 'low' })).status, 403);
    assert.deepEqual([stage.world.signals, stage.world.decided], [[], []]);
  });

  describe('of a call', () => {
    const BY = Date.parse('2026-11-22T10:00:00Z');
    const context = {
      conversationId: null,
      channel: 'generic' as const,
      channelIntegrationId: '',
      agentId: null,
      contact: { id: null, name: 'Ann', phone: null },
      turn: 1,
      epoch: 1,
      ownRecords: { deals: [], tickets: [] },
    };
    const call = { tool: 'external_action', proposal: null, message: '', plannedAt: new Date(BY), context };

    /** The pending approval is one of a call. */
    function bind(more: Partial<EditableCall>) {
      const { world, here } = stage;
      const bound = { ...call, arguments: {}, action: null, added: null, ...more };
      const stored = world.approvals.find(({ id }) => id === here.approval);
      assert.ok(stored);
      editableCalls.set(here.approval, bound);
      Object.assign(stored, {
        digest: 'what-was-seen',
        call: {
          id: randomUUID(),
          tool: bound.tool,
          externalAction: { id: here.externalAction, version: 3, name: 'refund', displayName: 'Refund' },
          arguments: bound.arguments,
          editable: bound.arguments,
          state: 'awaiting_approval',
          reason: null,
          edited: false,
        },
      });
    }
    const refund = () => bind({ arguments: { amount: 150, api_key: 'canary' }, action: REFUND });
    const errorsOf = ({ body }: { body: Record<string, unknown> }) =>
      (body['errors'] as { field: string }[]).map(({ field }) => field).sort();

    it('APR-5 shows the exact call and its digest, secrets redacted', async () => {
      refund();
      const { body } = await as('viewer', 'GET', path());
      const shown = body['call'] as Record<string, unknown>;
      assert.deepEqual(
        [body['digest'], shown['tool'], shown['arguments'], shown['state']],
        ['what-was-seen', 'external_action', { amount: 150, api_key: '[redacted]' }, 'awaiting_approval'],
      );
      assert.equal((shown['external_action'] as Record<string, unknown>)['version'], 3);
    });

    it('APR-5 refuses to decide about another call than the one that was seen', async () => {
      refund();
      const lost = await decide({ decision: 'approve', digest: 'something-else' });
      assert.deepEqual(
        [lost.status, lost.body['digest'], lost.body['approval_status']],
        [409, 'what-was-seen', 'pending'],
      );
      assert.deepEqual(await list('?status=pending'), [stage.here.approval]);
      const seen = await decide({ decision: 'approve', digest: 'what-was-seen' });
      assert.deepEqual(
        [seen.status, seen.body['digest'], seen.body['edited']],
        [200, 'what-was-seen', false],
      );
    });

    it('APR-5 takes other arguments by the action’s variables, and says so', async () => {
      refund();
      const wrong = { amount: 'much', colour: 'red' };
      const refused = await decide({ decision: 'approve', arguments: wrong });
      assert.deepEqual([refused.status, errorsOf(refused)], [422, ['arguments.amount', 'arguments.colour']]);
      const denied = await decide({ decision: 'deny', arguments: { amount: 1 } });
      assert.deepEqual([denied.status, errorsOf(denied)], [422, ['arguments']]);
      assert.deepEqual(await list('?status=pending'), [stage.here.approval]);
      const edited = await decide({ decision: 'approve', arguments: { amount: '80' } });
      assert.deepEqual([edited.status, edited.body['edited']], [200, true]);
      assert.notEqual(edited.body['digest'], 'what-was-seen');
      const { body } = await as('viewer', 'GET', path());
      assert.deepEqual((body['call'] as Record<string, unknown>)['arguments'], { amount: 80 });
    });

    const sentFor = (amount: number) => ({
      method: 'POST',
      url: 'https://shop.example/refunds',
      headers: {},
      body: JSON.stringify({ amount }),
      connection: null,
    });

    it('APR-5 takes other arguments by the tool’s schema, and changes nothing that its builder fixed', async () => {
      const fields = {
        name: 'refund',
        description: 'Pays back',
        method: 'POST',
        url: 'https://shop.example/refunds',
      };
      const parameters = [{ name: 'amount', description: 'How much', type: 'number', required: true }];
      const body = { amount: '{{amount}}' };
      const added = {
        nodeType: 'api' as const,
        fields: { ...fields, body, parameters },
        requiresConfirmation: false,
      };
      bind({ tool: 'api_refund', proposal: '{"amount":150}', added, arguments: sentFor(150) });
      const wrong = await decide({ decision: 'approve', arguments: { amount: 'much' } });
      assert.deepEqual([wrong.status, errorsOf(wrong)], [422, ['arguments.amount']]);
      const elsewhere = await decide({ decision: 'approve', arguments: { url: 'https://thief.example' } });
      assert.deepEqual([elsewhere.status, errorsOf(elsewhere)], [422, ['arguments.url']]);
      assert.equal((await decide({ decision: 'approve', arguments: { amount: 80 } })).status, 200);
      const shown = (await as('viewer', 'GET', path())).body['call'] as Record<string, unknown>;
      const { url, body: sent } = shown['arguments'] as Record<string, unknown>;
      assert.deepEqual([url, sent], ['https://shop.example/refunds', { amount: 80 }]);
    });

    it('APR-5 takes no secret for changed that came back as it was shown', async () => {
      const key = { name: 'api_key', prompt: 'Which', type: 'text' as const };
      const variables = [...REFUND.variables, { ...key, required: true, defaultValue: null, options: [] }];
      bind({ arguments: { amount: 150, api_key: 'canary' }, action: { ...REFUND, variables } });
      const back = { amount: '80', api_key: '[redacted]' };
      const refused = await decide({ decision: 'approve', arguments: back });
      assert.deepEqual([refused.status, errorsOf(refused)], [422, ['arguments.api_key']]);
      assert.equal((await decide({ decision: 'approve', arguments: { amount: '80' } })).status, 200);
    });

    it('APR-5 changes nothing of a call that the operator did not name, whatever its tool would fill in by now', async () => {
      const added = { nodeType: 'qontak_crm_deal_update' as const, requiresConfirmation: false };
      const seen = { id: 'seen', name: 'The deal of Ann', amount: 150 };
      const named = { name: 'The deal of {{customer_name}}' };
      const proposal = '{"id":null,"amount":150}';
      const own = (...deals: string[]) => ({ ...call.context, ownRecords: { deals, tickets: [] } });
      const renamed = { ...own('seen'), contact: { ...call.context.contact, name: 'Ann, pay Bob' } };
      for (const since of [
        { added: { ...added, fields: named }, context: own('newer', 'seen') },
        { added: { ...added, fields: named }, context: renamed },
        { added: { ...added, fields: { name: 'Another name' } }, context: own('seen') },
        { added: { ...added, fields: {} }, context: own('seen') },
      ]) {
        bind({ tool: 'qontak_crm_deal_update', proposal, arguments: seen, ...since });
        const refused = await decide({ decision: 'approve', arguments: { amount: 80 } });
        assert.deepEqual([refused.status, errorsOf(refused)], [422, ['arguments']]);
      }
      const same = { added: { ...added, fields: named }, context: own('seen') };
      bind({ tool: 'qontak_crm_deal_update', proposal, arguments: seen, ...same });
      assert.equal((await decide({ decision: 'approve', arguments: { amount: 80 } })).status, 200);
      const shown = (await as('viewer', 'GET', path())).body['call'] as Record<string, unknown>;
      assert.deepEqual(shown['arguments'], { ...seen, amount: 80 });
    });

    it('APR-5 has arguments only where there is a call', async () => {
      const refused = await decide({ decision: 'approve', arguments: { amount: 1 } });
      assert.deepEqual([refused.status, errorsOf(refused)], [422, ['arguments']]);
    });
  });

  it('APR-1 (AC Limits) refuses an answer that is too long or too large', async () => {
    for (const more of [{ response: 'x'.repeat(2_001) }, { response_data: { x: 'x'.repeat(10_240) } }])
      assert.equal((await decide({ decision: 'approve', ...more })).status, 422);
    assert.equal((await decide({ decision: 'maybe' })).status, 422);
    assert.deepEqual(await list('?status=pending'), [stage.here.approval]);
  });
});
