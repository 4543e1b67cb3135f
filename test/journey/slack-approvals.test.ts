import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { genericCustomer } from './generic-customer.ts';
import { eventually, openJourney, type Journey } from './open-journey.ts';
import { openSlackWorkspace, shownIn } from './slack-workspace.ts';
import type { ShownMessage, SlackWorkspace } from './slack-workspace.ts';

const ASK = { request_type: 'refund_request', request_details: 'The lamp of order 1234 arrived broken.' };

describe('requests decided on Slack', function () {
  this.timeout(180_000);
  let journey: Journey;
  let workspace: SlackWorkspace;
  const user = () => `U${randomBytes(5).toString('hex').toUpperCase()}`;
  const operator = user();

  before(async () => {
    journey = await openJourney();
    const flags = { actions_center: true };
    assert.equal((await journey.call('PUT', '/v1/feature-flags', { as: 'admin', body: flags })).status, 200);
    // The organisation's people are on its oldest workspace: that becomes this one.
    await journey.sql(`update channel_integrations set active = false where kind = 'slack'`);
    workspace = await openSlackWorkspace(journey, await journey.makeAgent());
    await employ(operator, 'operator', 'Adi');
  });
  after(() => journey?.close());

  async function employ(slack_user_id: string, role: string, name: string): Promise<string> {
    const answer = await journey.call('POST', '/v1/members', {
      as: 'admin',
      body: { name, role, slack_user_id },
    });
    assert.equal(answer.status, 201, answer.text);
    return String(answer.body['id']);
  }

  /** A customer whose agent has asked, and the message of it in a channel of the workspace. */
  async function asking(settings: Record<string, unknown> = {}) {
    const channel = `C${randomBytes(5).toString('hex').toUpperCase()}`;
    const tools = [{ node_type: 'submit_action_request', fields: {} }];
    const agent = { wait_time_seconds: 0, tools, approval_slack_target: channel, ...settings };
    const customer = await genericCustomer(journey, agent);
    const call = { name: 'submit_action_request', arguments: JSON.stringify(ASK) };
    const word = customer.room.slice(0, 8);
    await journey.model('POST', '/control', { script: [{ when: word, times: 1, tool_calls: [call] }] });
    await customer.says(`${word}: may I have my money back?`);
    await customer.hears(1);
    const [{ id } = { id: '' }] = await journey.sql<{ id: string }>(
      'select id from actions where conversation_id = $1',
      [customer.conversation()],
    );
    const posted = await eventually(
      'it is posted',
      async () => (await shownIn(journey, workspace, channel))[0],
    );
    return { customer, id, channel, posted };
  }

  const press = (message: ShownMessage, by: string, action_id: string, value?: string) =>
    journey.standIn('POST', '/slack/press', {
      team: workspace.team,
      channel: message.channel,
      message_ts: message.ts,
      user: by,
      action_id,
      ...(value === undefined ? {} : { value }),
    });

  const inTheEnd = (channel: string, words: RegExp) =>
    eventually(`the message says ${words}`, async () => {
      const [message, ...more] = await shownIn(journey, workspace, channel);
      assert.deepEqual(more, [], 'one message');
      return message !== undefined && words.test(message.text) && buttonsOf(message).length === 0 && message;
    });

  const decide = (id: string, decision: 'approve' | 'deny') =>
    journey.call('POST', `/v1/approvals/${id}/decision`, { as: 'operator', body: { decision } });

  it('APR-7 posts a request with its buttons, and a press decides it', async () => {
    const { customer, id, channel, posted } = await asking();
    assert.match(posted.text, /refund_request.*The lamp of order 1234 arrived broken\./);
    assert.deepEqual(buttonsOf(posted), [
      ['approval.approve', id],
      ['approval.deny', id],
    ]);
    await press(posted, operator, 'approval.approve');
    const heard = await customer.hears(2);
    assert.equal(heard.at(-1)?.body.kind, 'outcome');
    await inTheEnd(channel, /^Approved by Adi at /);
    const read = await journey.call('GET', `/v1/approvals/${id}`, { as: 'viewer' });
    assert.equal(read.body['status'], 'approved');
    assert.match(String(read.body['decided_by']), /^member:/);
    await journey.client.workflow.getHandle(`approval/${id}`).result();
  });

  it('APR-7 takes the buttons away however a request ends: by API, cancelled, expired, resolved', async () => {
    const byApi = await asking();
    assert.equal((await decide(byApi.id, 'deny')).status, 200);
    await inTheEnd(byApi.channel, /^Denied by /);

    const cancelled = await asking();
    await journey.call('POST', `/v1/approvals/${cancelled.id}/cancel`, { as: 'operator' });
    await inTheEnd(cancelled.channel, /^Withdrawn by /);

    const resolved = await asking();
    const path = `/v1/conversations/${resolved.customer.conversation()}/resolve`;
    assert.equal((await journey.call('POST', path, { as: 'operator' })).status, 200);
    await inTheEnd(resolved.channel, /^Withdrawn by /);

    const expired = await asking();
    await journey.sql(`update actions set expires_at = now() where id = $1`, [expired.id]);
    assert.equal((await decide(expired.id, 'approve')).status, 410);
    await inTheEnd(expired.channel, /^Expired without a decision at /);
  });

  it('APR-4 tells who presses a stale button who decided and when, and takes the button away', async () => {
    const { id, channel, posted } = await asking();
    const late = user();
    await employ(late, 'admin', 'Bea');
    // Nobody is there to take the buttons away: the press has to.
    await journey.client.workflow.getHandle(`approval/${id}`).terminate('lost');
    assert.equal((await decide(id, 'approve')).status, 200);
    const { response_url } = await press(posted, late, 'approval.deny');
    const told = await eventually('Bea is told', async () => {
      const { entries } = await journey.standIn('GET', '/slack/journal');
      const said = entries as { id?: string; user?: string; args: Record<string, unknown> }[];
      return said.find(
        (entry) =>
          String(response_url).endsWith(`/${entry.id}`) && entry.args['response_type'] === 'ephemeral',
      );
    });
    assert.equal(told.user, late);
    assert.match(String(told.args['text']), /^Too late: Approved by .+ at .+ UTC\.$/);
    await inTheEnd(channel, /^Approved by /);
  });

  it('APR-7 lets a viewer and a stranger decide nothing, and writes both down', async () => {
    const { id, posted } = await asking();
    const viewer = user();
    const stranger = user();
    await employ(viewer, 'viewer', 'Vera');
    for (const by of [viewer, stranger]) await press(posted, by, 'approval.approve');
    const read = await journey.call('GET', `/v1/approvals/${id}`, { as: 'viewer' });
    assert.equal(read.body['status'], 'pending');
    const entries = await journey.sql<{ detail: Record<string, string> }>(
      `select detail from audit where action = 'approval.refused' and detail ->> 'approval' = $1 order by number`,
      [id],
    );
    assert.deepEqual(
      entries.map(({ detail }) => [detail['reason'], detail['slack_user']]),
      [
        ['role', viewer],
        ['no_member', stranger],
      ],
    );
  });

  it('APR-7 posts to whom the agent calls, and again where Slack said that it was too much', async () => {
    const fail = [{ match: 'chat.postMessage', status: 429, headers: { 'retry-after': '1' }, times: 1 }];
    await journey.standIn('POST', '/slack/control', { fail });
    const called = user();
    const tools = [{ node_type: 'submit_action_request', fields: {} }];
    const customer = await genericCustomer(journey, {
      wait_time_seconds: 0,
      tools,
      escalation_assignee: called,
    });
    const call = { name: 'submit_action_request', arguments: JSON.stringify(ASK) };
    const word = customer.room.slice(0, 8);
    await journey.model('POST', '/control', { script: [{ when: word, times: 1, tool_calls: [call] }] });
    await customer.says(`${word}: may I have my money back?`);
    await eventually('it is posted to the person', async () => {
      const rows = await journey.sql<{ state: string; target: string }>(
        `select s.state, s.target from approval_posts s join actions a on a.id = s.action_id
         where a.conversation_id = $1`,
        [customer.conversation()],
      );
      return rows[0]?.state === 'posted' && rows[0].target === called;
    });
  });

  it('APR-7 does not post twice what may have arrived, and finds it by its echo', async () => {
    const fail = [{ match: 'chat.postMessage', drop: true, when: 'after', times: 1 }];
    await journey.standIn('POST', '/slack/control', { fail });
    const { id, channel } = await asking();
    await eventually('nobody knows, until Slack tells of it', async () => {
      const [row] = await journey.sql<{ state: string; provider_message_id: string | null }>(
        'select state, provider_message_id from approval_posts where action_id = $1',
        [id],
      );
      return row?.state === 'posted' && row.provider_message_id !== null;
    });
    assert.equal((await decide(id, 'deny')).status, 200);
    await inTheEnd(channel, /^Denied by /);
  });
});

function buttonsOf({ blocks }: ShownMessage): [string, string][] {
  return blocks.flatMap(({ elements = [] }) =>
    elements.map(({ action_id, value }) => [action_id, value] as [string, string]),
  );
}
