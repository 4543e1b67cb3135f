import { strict as assert } from 'node:assert';
import { slackSignature } from '../../dev/stand-ins/slack-webhooks.ts';
import { until } from '../../dev/until.ts';
import type { MemberRole } from '../../domain/role.ts';
import { SLACK_SECRET } from './fake-world.ts';
import { openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

const REPLY_TO = 'https://hooks.slack.com/actions/1';

describe('buttons of requests on Slack', () => {
  let stage: ApiStage;
  beforeEach(async () => {
    stage = await openApiStage();
    const slack = stage.world.integrations.get(stage.here.channels.slack);
    assert.ok(slack);
    slack.settings['team_id'] = 'T0SHOP';
  });
  afterEach(() => stage.close());

  const employ = (slackUserId: string, role: MemberRole, name = 'Adi') =>
    stage.world.makeMember(stage.here.id, { name, role, slackUserId });
  const approval = () => stage.world.approvals.find(({ id }) => id === stage.here.approval);

  async function press(
    user: string,
    actionId = 'approval.approve',
    { value = stage.here.approval, team = 'T0SHOP', channel = stage.here.channels.slack } = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const payload = {
      type: 'block_actions',
      team: { id: team },
      user: { id: user },
      channel: { id: 'D0ADI' },
      message: { ts: '1771236000.000100' },
      response_url: REPLY_TO,
      actions: [{ action_id: actionId, value }],
    };
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const seconds = Math.floor(stage.world.now.getTime() / 1000);
    const answer = await fetch(`${stage.url}/webhooks/slack/${channel}/interactions`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...slackSignature(SLACK_SECRET, body, seconds),
      },
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  /** What was said at the address of the press, once so much was. */
  async function asides(count: number) {
    assert.ok(await until(() => stage.world.asides.length >= count, 2_000));
    return stage.world.asides;
  }

  it('APR-7 decides only about the call that the message shows', async () => {
    employ('U0ADI', 'operator');
    const standing = approval();
    assert.ok(standing);
    standing.digest = 'of-the-call';
    const other = await press('U0ADI', 'approval.approve', { value: `${standing.id}:of-another` });
    assert.match(String(other.body['text']), /another call/);
    assert.equal(standing.status, 'pending');
    await press('U0ADI', 'approval.approve', { value: `${standing.id}:of-the-call` });
    assert.equal(approval()?.status, 'approved');
  });

  for (const [actionId, status] of [
    ['approval.approve', 'approved'],
    ['approval.deny', 'denied'],
  ] as const) {
    it(`APR-7 decides in the name of the member behind the user: ${status}`, async () => {
      const member = employ('U0ADI', 'operator');
      const pressed = await press('U0ADI', actionId);
      assert.deepEqual([pressed.status, pressed.body], [200, {}]);
      assert.deepEqual([approval()?.status, approval()?.decidedBy], [status, `member:${member.id}`]);
      assert.deepEqual(stage.world.decided, [stage.here.approval]);
      assert.equal(stage.world.signals.length, 1);
      const [shown, ...more] = await asides(1);
      assert.deepEqual([shown?.replyTo, shown?.replaces, more], [REPLY_TO, true, []]);
      assert.match(
        shown?.text ?? '',
        /^(Approved|Denied) by Adi at .*\nrefund_request, for Ann: Twelve euros/,
      );
    });
  }

  it('APR-4 tells who comes too late who decided and when, them alone, and takes the buttons away', async () => {
    employ('U0ADI', 'operator');
    employ('U0BEA', 'admin', 'Bea');
    await press('U0ADI');
    await asides(1);
    const late = await press('U0BEA', 'approval.deny');
    assert.equal(late.body['response_type'], 'ephemeral');
    assert.match(String(late.body['text']), /^Too late: Approved by Adi at 2026-11-21 10:00 UTC\.$/);
    const [, told, shown, ...more] = await asides(3);
    assert.deepEqual([told?.text, told?.replaces], [late.body['text'], undefined]);
    assert.deepEqual([shown?.replaces, more], [true, []]);
    assert.equal(approval()?.status, 'approved');
  });

  it('APR-4 is too late once it has expired', async () => {
    employ('U0ADI', 'operator');
    stage.world.advance(86_400_000);
    const late = await press('U0ADI');
    assert.match(String(late.body['text']), /^Too late: Expired without a decision/);
    assert.equal(approval()?.status, 'expired');
  });

  it('APR-7 lets nobody decide who is no member, or may not, and writes that down', async () => {
    employ('U0VERA', 'viewer', 'Vera');
    employ('U0BO', 'builder', 'Bo');
    stage.world.makeMember(stage.there.id, { name: 'Olaf', role: 'admin', slackUserId: 'U0OLAF' });
    for (const [user, reason, words] of [
      ['U0NOBODY', 'no_member', /not known as a member/],
      ['U0OLAF', 'no_member', /not known as a member/],
      ['U0VERA', 'role', /A viewer may not decide/],
      ['U0BO', 'role', /A builder may not decide/],
    ] as const) {
      const refused = await press(user);
      assert.deepEqual([refused.status, refused.body['response_type']], [200, 'ephemeral']);
      assert.match(String(refused.body['text']), words);
      assert.deepEqual(stage.world.refused.at(-1), {
        organisationId: stage.here.id,
        action: 'approval.refused',
        subject: stage.here.channels.slack,
        from: null,
        detail: { reason, approval: stage.here.approval, slack_user: user },
      });
    }
    assert.equal(approval()?.status, 'pending');
    assert.deepEqual([stage.world.decided, stage.world.signals], [[], []]);
  });

  it('TEN-1 takes a press of its own workspace alone, and decides nothing of another organisation', async () => {
    employ('U0ADI', 'operator');
    assert.deepEqual((await press('U0ADI', undefined, { team: 'T0OTHER' })).body, {});
    const foreign = await press('U0ADI', undefined, { value: stage.there.approval });
    assert.match(String(foreign.body['text']), /no longer does anything/);
    const slack = stage.world.integrations.get(stage.here.channels.slack);
    delete slack?.settings['team_id'];
    const anybodys = await press('U0ADI');
    assert.match(String(anybodys.body['text']), /does not name its workspace/);
    assert.ok(stage.world.approvals.every(({ status }) => status === 'pending'));
  });

  it('APR-7 knows its own buttons only', async () => {
    employ('U0ADI', 'operator');
    for (const [actionId, value] of [
      ['approval.other', stage.here.approval],
      ['approval.approve', 'a-1:2'],
      ['approval.approve', ''],
    ] as const) {
      const answer = await press('U0ADI', actionId, { value });
      assert.match(String(answer.body['text']), /no longer does anything/);
    }
    assert.equal(approval()?.status, 'pending');
  });

  it('APR-7 answers within three seconds while the store takes its time, and tells behind it', async () => {
    employ('U0ADI', 'viewer');
    const slow = stage.ports.presses.memberOf;
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    stage.ports.presses.memberOf = async (...asked) => {
      await held;
      return slow(...asked);
    };
    const begun = performance.now();
    const answer = await press('U0ADI');
    assert.deepEqual([answer.status, answer.body], [200, {}]);
    assert.ok(performance.now() - begun < 3_000);
    goOn();
    const [told] = await asides(1);
    assert.match(told?.text ?? '', /A viewer may not decide/);
  });

  it('APR-7 says 503 while the store is away, so that whoever pressed sees that nothing came of it', async () => {
    employ('U0ADI', 'operator');
    // From then on the channel is known without the store.
    await press('U0NOBODY');
    stage.world.away = true;
    assert.equal((await press('U0ADI')).status, 503);
    assert.equal(approval()?.status, 'pending');
  });
});
