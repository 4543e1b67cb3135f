import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { APPROVAL_WORKFLOW } from '../../contract/approval.ts';
import type { ApprovalInput } from '../../contract/approval.ts';
import { approvalWorkflowId } from '../../contract/ids.ts';
import { CONVERSATION_QUEUE } from '../../contract/queues.ts';
import { orderAction } from '../actions/journey/order-action.ts';
import { genericCustomer } from '../journey/generic-customer.ts';
import { eventually, openJourney, type Answer, type Journey } from '../journey/open-journey.ts';
import { openSlackWorkspace, shownIn } from '../journey/slack-workspace.ts';
import type { SlackWorkspace } from '../journey/slack-workspace.ts';
import { makeOrganisation } from '../tenancy/second-organisation.ts';

const ROUNDS = 6;
const EXPIRES_IN_MS = 2_500;

describe('decisions at one moment', function () {
  this.timeout(240_000);
  let journey: Journey;
  let workspace: SlackWorkspace;
  let browser: Record<string, string>;
  const pressers: string[] = [];
  const word = () => randomBytes(5).toString('hex').toUpperCase();

  before(async () => {
    journey = await openJourney();
    await journey.sql(`update channel_integrations set active = false where kind = 'slack'`);
    workspace = await openSlackWorkspace(journey, await journey.makeAgent());
    for (const name of ['Adi', 'Bea']) {
      const slack_user_id = `U${word()}`;
      pressers.push(slack_user_id);
      const body = { name, role: 'operator', slack_user_id };
      assert.equal((await journey.call('POST', '/v1/members', { as: 'admin', body })).status, 201);
    }
    const { operator: key } = journey.stage.dev().keys;
    const signedIn = await journey.call('POST', '/v1/session', { body: { key } });
    browser = {
      cookie: (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '',
      'x-csrf-token': String(signedIn.body['csrf_token']),
    };
  });
  after(() => journey?.close());

  /** A request that waits in its workflow and stands on Slack. */
  async function waiting(expireInMs: number) {
    const channel = `C${word()}`;
    const customer = await genericCustomer(journey, { approval_slack_target: channel });
    await customer.says('Hello');
    await customer.hears(1);
    const conversationId = customer.conversation();
    const expiresAt = Date.now() + expireInMs;
    const [row] = await journey.sql<{ id: string; organisation_id: string }>(
      `insert into actions (organisation_id, conversation_id, agent_id, contact_id, request_type, request_details,
         idempotency_key, created_at, expires_at)
       select organisation_id, id, agent_id, contact_id, 'refund_request', 'Twelve euros', id::text, now(), $2
       from conversations where id = $1 returning id, organisation_id`,
      [conversationId, new Date(expiresAt)],
    );
    assert.ok(row);
    const { id, organisation_id: organisationId } = row;
    const input: ApprovalInput = { organisationId, conversationId, actionId: id, remindAt: null, expiresAt };
    await journey.client.workflow.start(APPROVAL_WORKFLOW, {
      workflowId: approvalWorkflowId(id),
      taskQueue: CONVERSATION_QUEUE,
      args: [input],
    });
    const posted = await eventually(
      'it is posted',
      async () => (await shownIn(journey, workspace, channel))[0],
    );
    return { customer, conversationId, id, channel, posted, expiresAt };
  }
  type Waiting = Awaited<ReturnType<typeof waiting>>;

  /** A call that waits, of an agent whose requests stand on Slack, and what its receiver took. */
  async function callWaiting(): Promise<Waiting & { taken(): Promise<unknown[]> }> {
    const channel = `C${word()}`;
    const customer = await genericCustomer(journey, { approval_slack_target: channel });
    const action = await orderAction(journey, customer, { needs_approval: 'always' });
    await customer.says('I want to order 3 lamps');
    await customer.hears(1);
    const conversationId = customer.conversation();
    const [row] = await journey.sql<{ id: string; expires_at: Date }>(
      'select id, expires_at from actions where conversation_id = $1',
      [conversationId],
    );
    assert.ok(row);
    const posted = await eventually(
      'it is posted',
      async () => (await shownIn(journey, workspace, channel))[0],
    );
    const expiresAt = row.expires_at.getTime();
    return { customer, conversationId, id: row.id, channel, posted, expiresAt, taken: action.taken };
  }

  const byKey = ({ id }: Waiting, decision: string) =>
    journey.call('POST', `/v1/approvals/${id}/decision`, { as: 'operator', body: { decision } });
  const bySession = ({ id }: Waiting, decision: string) =>
    journey.call('POST', `/v1/approvals/${id}/decision`, { headers: browser, body: { decision } });
  const cancel = ({ id }: Waiting) => journey.call('POST', `/v1/approvals/${id}/cancel`, { as: 'operator' });
  const press = async (
    { id, posted }: Waiting,
    decision: string,
    n: number,
    // As the button bears it, which may be gone by now.
    value = posted.blocks.flatMap(({ elements = [] }) => elements)[0]?.value ?? id,
  ): Promise<string> => {
    const { response_url } = await journey.standIn('POST', '/slack/press', {
      team: workspace.team,
      channel: posted.channel,
      message_ts: posted.ts,
      user: pressers[n % pressers.length],
      action_id: `approval.${decision}`,
      value,
    });
    return String(response_url);
  };

  /** All of them, in an order that no one of them is first in for sure. */
  async function everybodyDecides(request: Waiting): Promise<{ answers: Answer[]; presses: string[] }> {
    const answers: Promise<Answer>[] = [];
    const presses: Promise<string>[] = [];
    const decide = (decision: string, n: number) => {
      if (n % 3 === 0) answers.push(byKey(request, decision));
      if (n % 3 === 1) answers.push(bySession(request, decision));
      if (n % 3 === 2) presses.push(press(request, decision, n));
    };
    for (let n = 0; n < 25; n += 1) {
      decide(n % 5 === 4 ? 'deny' : 'approve', n);
      if (n === 12) answers.push(cancel(request));
    }
    return { answers: await Promise.all(answers), presses: await Promise.all(presses) };
  }

  /** What is said to the one who pressed. */
  async function toldAt(address: string): Promise<string> {
    return eventually('who pressed is answered', async () => {
      const { entries } = await journey.standIn('GET', '/slack/journal');
      const said = (entries as { method: string; id?: string; args: Record<string, unknown> }[]).filter(
        ({ method, id }) => method === 'response' && id !== undefined && address.endsWith(`/${id}`),
      );
      const aside = said.find(({ args }) => args['response_type'] === 'ephemeral');
      const text = (aside ?? said.find(({ args }) => args['replace_original'] === true))?.args['text'];
      return text !== undefined && String(text);
    });
  }

  it('APR-4 have one end: 20 approve, 5 deny, one withdraws and it expires, by key, browser and Slack', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const request = await waiting(EXPIRES_IN_MS);
      // The first rounds well before it expires, the later ones about when it does.
      const early = round < ROUNDS / 2 ? 1_000 : 40 * (ROUNDS - round);
      await pause(Math.max(0, request.expiresAt - Date.now() - early));
      const { answers, presses } = await everybodyDecides(request);
      const { body: end } = await journey.call('GET', `/v1/approvals/${request.id}`, { as: 'viewer' });
      const status = String(end['status']);
      assert.notEqual(status, 'pending');

      const isDecision = status === 'approved' || status === 'denied';
      for (const answer of answers) {
        if (answer.status === 200) {
          assert.deepEqual([answer.body['status'], answer.body['decided_by']], [status, end['decided_by']]);
          continue;
        }
        assert.equal(answer.status, isDecision ? 409 : 410, answer.text);
        assert.deepEqual(
          [answer.body['approval_status'], answer.body['decided_by'], answer.body['decided_at']],
          [status, end['decided_by'], end['resolved_at']],
        );
      }
      const told = await Promise.all(presses.map(toldAt));
      const late = told.filter((text) => text.startsWith('Too late: '));
      for (const text of late) assert.match(text, new RegExp(`^Too late: ${WORDS[status]}`));
      const winners = answers.filter((answer) => answer.status === 200).length + told.length - late.length;
      assert.equal(winners, status === 'expired' ? 0 : 1, `${status}: ${winners} won`);

      await thereIsOneEnd(request, status);
    }
  });

  const WORDS: Record<string, string> = {
    approved: 'Approved by ',
    denied: 'Denied by ',
    cancelled: 'Withdrawn by ',
    expired: 'Expired without a decision at ',
  };

  /** One row, one event, one audit entry, one word to the customer, one message on Slack that shows it. */
  async function thereIsOneEnd({ conversationId, id, channel, customer }: Waiting, status: string) {
    await journey.client.workflow.getHandle(approvalWorkflowId(id)).result();
    const [counted] = await journey.sql(
      `select (select count(*)::int from inbox where action_id = $1) as rows,
         (select count(*)::int from audit where subject = $1::text and action ~ '^approval.(appr|den|canc|exp)') as entries,
         (select count(*)::int from events where conversation_id = $2
            and name in ('approval_decided', 'approval_expired', 'approval_cancelled')) as events`,
      [id, conversationId],
    );
    assert.deepEqual(counted, { rows: 1, entries: 1, events: 1 });
    const heard = await customer.hears(status === 'cancelled' ? 1 : 2);
    await customer.isDone();
    assert.equal(heard.filter(({ body }) => body.kind === 'outcome').length, status === 'cancelled' ? 0 : 1);
    await eventually('the message shows the end', async () => {
      const [message, ...more] = await shownIn(journey, workspace, channel);
      return more.length === 0 && message?.text.startsWith(WORDS[status] ?? '') === true;
    });
  }

  it('APR-5 make a call once where it is approved, and never where it is not', async () => {
    for (let round = 0; round < 3; round += 1) {
      const request = await callWaiting();
      assert.match(request.posted.text, /"quantity":3/);
      await everybodyDecides(request);
      const { body: end } = await journey.call('GET', `/v1/approvals/${request.id}`, { as: 'viewer' });
      const status = String(end['status']);
      assert.ok(['approved', 'denied', 'cancelled'].includes(status), status);
      if (status === 'approved') await request.customer.hears(2);
      await request.customer.isDone();
      assert.equal((await request.taken()).length, status === 'approved' ? 1 : 0, status);
    }
  });

  it('APR-5 are refused for another call than the one that was seen (409), by key and on Slack', async () => {
    const request = await callWaiting();
    const body = { decision: 'approve', digest: 'of another call' };
    const path = `/v1/approvals/${request.id}/decision`;
    assert.equal((await journey.call('POST', path, { as: 'operator', body })).status, 409);
    const address = await press(request, 'approve', 0, `${request.id}:of-another-call`);
    assert.match(await toldAt(address), /^It is another call by now/);
    const read = await journey.call('GET', `/v1/approvals/${request.id}`, { as: 'viewer' });
    assert.equal(read.body['status'], 'pending');
    assert.deepEqual(await request.taken(), []);
    assert.equal((await cancel(request)).status, 200);
  });

  it('APR-4 are refused after it expired (410), to a viewer (403), and to another organisation (404)', async () => {
    const expired = await waiting(1_500);
    await journey.client.workflow.getHandle(approvalWorkflowId(expired.id)).result();
    for (const late of [await byKey(expired, 'approve'), await bySession(expired, 'approve')])
      assert.deepEqual([late.status, late.body['approval_status']], [410, 'expired']);
    assert.match(await toldAt(await press(expired, 'approve', 0)), /^Too late: Expired/);

    const pending = await waiting(600_000);
    const path = `/v1/approvals/${pending.id}/decision`;
    const body = { decision: 'approve' };
    assert.equal((await journey.call('POST', path, { as: 'viewer', body })).status, 403);
    const other = await makeOrganisation(journey);
    assert.equal((await journey.call('POST', path, { as: { key: other.keys.admin }, body })).status, 404);
    const unsigned = { cookie: browser['cookie'] ?? '' };
    assert.equal((await journey.call('POST', path, { headers: unsigned, body })).status, 403);
    const read = await journey.call('GET', `/v1/approvals/${pending.id}`, { as: 'viewer' });
    assert.equal(read.body['status'], 'pending');
    assert.equal((await cancel(pending)).status, 200);
  });
});
