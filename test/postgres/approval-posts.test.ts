import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { openApprovalPosts } from '../../adapters/postgres/approval-posts.ts';
import { openApprovalPresses } from '../../adapters/postgres/approval-presses.ts';
import { openApprovals } from '../../adapters/postgres/approvals.ts';
import { openPeople } from '../../adapters/postgres/people.ts';
import { openEchoes } from '../../adapters/postgres/placeholders.ts';
import type { Caller, MemberRecord } from '../../api/ports.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { openScene } from './actions.ts';
import { later, NOW, openInstallation } from './installation.ts';

const SENT = { kind: 'sent' as const, providerMessageId: 'C0OFFICE:1.1' };
const UNKNOWN = { kind: 'unknown' as const, code: 'outcome_unknown' };
const AGAIN = { kind: 'try_again' as const, afterMs: 1_000, code: 'ratelimited', mayHaveArrived: false };

describe('requests to operators on Slack', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => ({ pool, close } = await openInstallation()));
  after(() => close());

  /** A pending request of an agent with these settings. */
  async function openRequest(
    settings: Record<string, unknown> = { approvalSlackTarget: 'C0OFFICE' },
    kind: ChannelKind = 'generic',
  ) {
    const scene = await openScene(pool, kind, settings);
    const { organisationId, conversationId } = scene.ref;
    const [row] = await scene.look<{ id: string }>(
      `insert into actions (organisation_id, conversation_id, agent_id, contact_id, request_type, request_details,
         request_data, idempotency_key, created_at, expires_at)
       select organisation_id, id, agent_id, contact_id, 'refund_request', 'Twelve euros', '{"euros": 12}', id::text, $2, $3
       from conversations where id = $1 returning id`,
      [conversationId, NOW, later(3_600)],
    );
    const ref = { organisationId, actionId: row?.id ?? '' };
    const posts = openApprovalPosts(pool);
    const presses = openApprovalPresses(pool);
    return {
      ...scene,
      ref,
      posts,
      presses,
      begin: (now = NOW) => posts.begin(ref, now),
      stored: async () =>
        (await scene.look('select target, state, provider_message_id, shown from approval_posts'))[0],
      told: async () =>
        (await scene.events()).filter(([name]) => name === 'approval_posted').map(([, told]) => told),
    };
  }

  const deny = (caller: Caller, id: string) =>
    openApprovals(pool).decide(caller, id, { decision: 'deny', response: null, responseData: null }, NOW);

  it('APR-7 are posted once, to where the agent says', async () => {
    const { begin, posts, ref, stored, told, integration } = await openRequest();
    const begun = await Promise.all(Array.from({ length: 10 }, () => begin()));
    const [mine, ...more] = begun.filter(({ kind }) => kind === 'begun');
    assert.ok(mine?.kind === 'begun' && more.length === 0);
    assert.deepEqual([mine.target, mine.digest], ['C0OFFICE', null]);
    assert.deepEqual(mine.request, {
      requestType: 'refund_request',
      requestDetails: 'Twelve euros',
      requestData: { euros: 12 },
      priority: 'medium',
      customer: null,
      expiresAt: later(3_600),
    });
    await posts.note(ref, SENT, NOW);
    const shown = { target: 'C0OFFICE', state: 'posted', provider_message_id: 'C0OFFICE:1.1', shown: null };
    assert.deepEqual(await stored(), shown);
    assert.deepEqual(await begin(), { kind: 'nothing', code: 'posted' });
    const { actionId: action_id } = ref;
    const posted = { action_id, agent_id: integration.agentId, state: 'posted', code: null };
    assert.deepEqual((await told()).at(-1), posted);
  });

  it('APR-7 are posted to whom the agent calls on Slack, and nowhere where that is nobody there', async () => {
    const called = await (await openRequest({ escalationAssignee: 'U0ADI' })).begin();
    assert.ok(called.kind === 'begun' && called.target === 'U0ADI');
    for (const settings of [{}, { escalationAssignee: randomUUID() }])
      assert.deepEqual(await (await openRequest(settings)).begin(), { kind: 'nothing', code: 'no_target' });
  });

  it('APR-7 are tried again where nothing was posted, and not where that is unknown or in vain', async () => {
    const again = await openRequest();
    await again.begin();
    await again.posts.note(again.ref, AGAIN, NOW);
    assert.equal((await again.begin(later(1))).kind, 'begun');
    assert.deepEqual(await again.told(), [], 'no event while it is tried');

    for (const [outcome, state] of [
      [UNKNOWN, 'uncertain'],
      [{ kind: 'failed' as const, code: 'channel_not_found' }, 'failed'],
    ] as const) {
      const request = await openRequest();
      await request.begin();
      await request.posts.note(request.ref, outcome, NOW);
      assert.deepEqual(await request.begin(), { kind: 'nothing', code: state });
      assert.deepEqual(
        [(await request.told())[0]?.['state'], (await request.told())[0]?.['code']],
        [state, outcome.code],
      );
    }
  });

  it('APR-7 are not posted again behind an attempt that died under way', async () => {
    const { begin, told, posts, ref, stored } = await openRequest();
    await begin();
    assert.deepEqual(await begin(later(30)), { kind: 'nothing', code: 'uncertain' });
    assert.equal((await told())[0]?.['state'], 'uncertain');
    await posts.note(ref, SENT, later(31));
    assert.equal((await stored())?.['state'], 'posted', 'it was not dead after all');
  });

  it('APR-7 are not posted any more once they have ended or expired', async () => {
    const decided = await openRequest();
    await deny(decided.caller, decided.ref.actionId);
    assert.deepEqual(await decided.begin(), { kind: 'nothing', code: 'ended' });
    const expired = await openRequest();
    assert.deepEqual(await expired.begin(later(3_600)), { kind: 'nothing', code: 'ended' });
  });

  it('APR-7 show in the end who decided, how and when, once', async () => {
    const { begin, posts, ref, caller } = await openRequest();
    await begin();
    await posts.note(ref, SENT, NOW);
    assert.equal(await posts.ended(ref), null, 'it is pending');
    const olga = (await openPeople(pool, { now: () => NOW }).createMember(
      { ...caller, role: 'admin' },
      { name: 'Olga', role: 'operator' },
    )) as MemberRecord;
    await deny({ ...caller, memberId: olga.id }, ref.actionId);
    const ended = await posts.ended(ref);
    assert.deepEqual(
      [ended?.providerMessageId, ended?.end],
      ['C0OFFICE:1.1', { status: 'denied', by: 'Olga', at: NOW }],
    );
    await posts.noteShown(ref, 'denied', NOW);
    assert.equal(await posts.ended(ref), null);
  });

  for (const [how, learn] of [
    [
      'a press',
      ({ presses, ref }: Awaited<ReturnType<typeof openRequest>>) =>
        presses.standsAt(ref.organisationId, ref.actionId, 'C0OFFICE:2.2', NOW),
    ],
    [
      'an echo',
      ({ integration, ref }: Awaited<ReturnType<typeof openRequest>>) =>
        openEchoes(pool).heard(
          integration,
          [{ approvalId: ref.actionId, providerMessageId: 'C0OFFICE:2.2' }],
          NOW,
        ),
    ],
  ] as const) {
    it(`APR-7 are found by ${how} where nobody knew what had become of the post`, async () => {
      const request = await openRequest();
      await request.begin();
      await request.posts.note(request.ref, UNKNOWN, NOW);
      await learn(request);
      assert.deepEqual(await request.stored(), {
        target: 'C0OFFICE',
        state: 'posted',
        provider_message_id: 'C0OFFICE:2.2',
        shown: null,
      });
      await deny(request.caller, request.ref.actionId);
      assert.equal((await request.posts.ended(request.ref))?.providerMessageId, 'C0OFFICE:2.2');
      await learn(request);
    });
  }

  it('APR-7 know whom of the organisation a user of Slack is, until that person leaves', async () => {
    const { presses, caller, integration } = await openRequest(undefined, 'slack');
    const people = openPeople(pool, { now: () => NOW });
    const admin = { ...caller, role: 'admin' as const };
    const adi = await people.createMember(admin, { name: 'Adi', role: 'operator', slackUserId: 'U0ADI' });
    assert.ok(typeof adi !== 'string');
    const found = () => presses.memberOf(integration, 'U0ADI');
    assert.deepEqual(await found(), { id: adi.id, name: 'Adi', role: 'operator' });
    const second = { name: 'Bea', role: 'viewer' as const, slackUserId: 'U0ADI' };
    assert.equal(await people.createMember(admin, second), 'slack_user_taken');
    const newer = { ...integration, id: randomUUID() };
    assert.equal(await presses.memberOf(newer, 'U0ADI'), null, 'not the workspace of its people');
    const other = await openRequest(undefined, 'slack');
    assert.equal(await other.presses.memberOf(other.integration, 'U0ADI'), null);
    const elsewhere = { ...other.caller, role: 'admin' as const };
    assert.ok(typeof (await people.createMember(elsewhere, second)) !== 'string', 'another workspace');
    await people.removeMember(admin, adi.id);
    assert.equal(await found(), null);
    const bea = await people.createMember(admin, second);
    assert.ok(typeof bea !== 'string');
    assert.equal(
      ((await people.updateMember(admin, bea.id, { name: 'Beate' })) as MemberRecord).slackUserId,
      'U0ADI',
    );
    assert.equal(
      ((await people.updateMember(admin, bea.id, { slackUserId: null })) as MemberRecord).slackUserId,
      null,
    );
  });

  it('APR-4 tell how a request ended, by name', async () => {
    const { presses, ref, caller } = await openRequest();
    const end = () => presses.end(ref.organisationId, ref.actionId);
    assert.equal(await end(), null);
    await deny(caller, ref.actionId);
    assert.deepEqual(await end(), { status: 'denied', by: `key:${caller.keyId}`, at: NOW });
    assert.equal(await presses.end(ref.organisationId, randomUUID()), null);
  });
});
