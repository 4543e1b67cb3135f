import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { makeClearPlaceholders } from '../../activities/clear-placeholders.ts';
import { makePostPlaceholder } from '../../activities/post-placeholder.ts';
import { makeSendReply } from '../../activities/send-reply.ts';
import { openChannels } from '../../adapters/channels/index.ts';
import { openEgress } from '../../adapters/egress/egress.ts';
import { openLedger } from '../../adapters/postgres/ledger.ts';
import { openEchoes, openPlaceholders } from '../../adapters/postgres/placeholders.ts';
import { turnCause } from '../../contract/ids.ts';
import { openStandIns } from '../../dev/stand-ins/open-stand-ins.ts';
import { makeIntegration, NOW, openInstallation, openRoom, textMessage } from './installation.ts';
import type { Room } from './installation.ts';

const ROOM = 'T0STANDIN:C0SHOP:1771236000.000100';
/** What becomes of the process at a line of `sendReply`. */
class Killed extends Error {}

interface Shown {
  text: string;
  ts: string;
  before: string[];
  blocks: { block_id: string }[];
}

describe('replies on Slack, from the ledger to the thread', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let standIns: Awaited<ReturnType<typeof openStandIns>>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());
  beforeEach(async () => {
    standIns = await openStandIns();
  });
  afterEach(() => standIns.close());

  /** A conversation on Slack with one message that waits, and the steps a turn makes for it. */
  async function openThread() {
    const room = await openRoom(pool, 'slack');
    const received = await room.say('in the thread', textMessage('', { room: ROOM }));
    const ref = { ...room.ref, conversationId: received.conversationId };
    const placeholders = openPlaceholders(pool);
    const egress = openEgress({ allow: [] });
    const clock = { now: () => NOW };
    const channels = openChannels({
      integrations: { settingsOf: () => Promise.resolve({ settings: {}, secrets: { bot_token: 'xoxb-t' } }) },
      egress,
      whatsapp: { graphUrl: `${standIns.url}/whatsapp` },
      slack: { apiUrl: `${standIns.url}/slack/api` },
      placeholders,
      workspaceOf: () => Promise.resolve(null),
      clock,
      timeoutMs: 1000,
    });
    const ports = { placeholders, placeholderPosts: channels.placeholderPosts, clock };
    const step = makePostPlaceholder(ports);
    return {
      room: { ...room, ref },
      announce: (turn = 1, epoch = 1) => step({ ...ref, turn, epoch }),
      clear: () => makeClearPlaceholders(ports)(ref),
      /** One attempt; `dieAt` ends the process there, before anything further is done. */
      send: (dieAt?: string) =>
        makeSendReply({
          ledger: openLedger(pool),
          transcript: room.transcript,
          channels,
          clock,
          failpoint: (name) => {
            if (name === dieAt) throw new Killed();
          },
        })({ ...ref, cause: turnCause(1), regroup: false, lastAttempt: false }),
      close: async () => void (await Promise.all([channels.close(), egress.close()])),
    };
  }

  type Thread = Awaited<ReturnType<typeof openThread>>;
  let thread: Thread;
  beforeEach(async () => {
    thread = await openThread();
  });
  afterEach(() => thread.close());

  /** Plans the reply of the first turn. */
  async function plan(text: string): Promise<void> {
    const { ref, transcript } = thread.room;
    const taken = await transcript.take(ref, 1, NOW);
    assert.ok(taken.kind === 'taken');
    const reply = {
      turn: 1,
      cause: turnCause(1),
      kind: 'reply' as const,
      text,
      epoch: 1,
      answersSeq: taken.lastSeq,
      inReplyTo: [],
    };
    await transcript.plan(ref, reply, null, NOW);
  }
  async function shown(): Promise<Shown[]> {
    const answer = await fetch(`${standIns.url}/slack/messages?channel=C0SHOP`);
    return ((await answer.json()) as { messages: Shown[] }).messages;
  }
  const texts = async () => (await shown()).map(({ text }) => text);
  async function fault(...fail: object[]): Promise<void> {
    await fetch(`${standIns.url}/slack/control`, { method: 'POST', body: JSON.stringify({ fail }) });
  }
  /** The channel's word of what stands in it, as its events would bring it. */
  async function echo({ room }: { room: Room }): Promise<void> {
    const echoes = (await shown()).map(({ ts, blocks }) => ({
      placeholderId: blocks[0]?.block_id.replace(/^parley-[a-z]+:/, '') ?? '',
      providerMessageId: `C0SHOP:${ts}`,
    }));
    await openEchoes(pool).heard(room.integration, echoes, NOW);
  }

  it('CHAN-3 shows a placeholder at once and the answer in its place', async () => {
    await thread.announce();
    assert.deepEqual(await texts(), ['…']);
    await plan('The answer');
    assert.equal((await thread.send()).kind, 'sent');
    const [message, ...more] = await shown();
    assert.deepEqual([message?.text, message?.before, more], ['The answer', ['…'], []]);
    const rows = await thread.room.look(
      'select state, provider_message_id from outbound where conversation_id = $1',
      [thread.room.ref.conversationId],
    );
    assert.deepEqual(rows, [{ state: 'sent', provider_message_id: `C0SHOP:${message?.ts}` }]);
  });

  for (const [why, trouble] of [
    ['Slack throttles', { status: 429, headers: { 'retry-after': '60' } }],
    ['Slack fails', { error: 'internal_error' }],
  ] as const) {
    it(`CHAN-5 answers all the same where no placeholder was posted because ${why}`, async () => {
      await fault(trouble);
      await thread.announce();
      await plan('The answer');
      assert.equal((await thread.send()).kind, 'sent');
      assert.deepEqual(await texts(), ['The answer']);
    });
  }

  it('CHAN-5 answers once when nobody saw the placeholder’s posting end, and clears it when it shows', async () => {
    await fault({ drop: true, when: 'after' });
    await thread.announce();
    await plan('The answer');
    assert.equal((await thread.send()).kind, 'sent');
    assert.deepEqual(await texts(), ['…', 'The answer'], 'one placeholder too many');
    await echo(thread);
    await thread.announce(2);
    assert.deepEqual(await texts(), ['—', 'The answer', '…']);
  });

  it('CHAN-5 uses such a placeholder after all where the channel tells of it in time', async () => {
    await fault({ drop: true, when: 'after' });
    await thread.announce();
    await echo(thread);
    await plan('The answer');
    assert.equal((await thread.send()).kind, 'sent');
    assert.deepEqual(await texts(), ['The answer']);
  });

  for (const [when, dieAt] of [
    ['before the call', 'send.before_call'],
    ['between call and record', 'send.after_call'],
    ['after the record', 'send.after_record'],
  ] as const) {
    for (const announced of [true, false]) {
      it(`CHAN-5 answers once when the worker dies ${when}, ${announced ? 'with' : 'without'} a placeholder`, async () => {
        if (announced) await thread.announce();
        await plan('The answer');
        await assert.rejects(thread.send(dieAt), Killed);
        assert.equal((await thread.send()).kind, 'sent');
        assert.equal((await thread.send()).kind, 'sent');
        assert.deepEqual(await texts(), ['The answer']);
        await thread.clear();
        assert.deepEqual(await texts(), ['The answer'], 'nothing is cleared from under it');
      });
    }
  }

  it('CHAN-5 answers once through a row of lost answers of Slack', async () => {
    await thread.announce();
    await plan('The answer');
    const lost = { drop: true, when: 'after' };
    await fault(lost, { error: 'fatal_error' }, lost, { status: 500 });
    for (let attempt = 1; attempt <= 4; attempt++) assert.equal((await thread.send()).kind, 'try_again');
    assert.equal((await thread.send()).kind, 'sent');
    assert.deepEqual(await texts(), ['The answer']);
  });

  it('ESC-5 says nothing after a take-over, and leaves a neutral line where the answer was to be', async () => {
    await thread.announce();
    await plan('The answer');
    const { room } = thread;
    assert.equal(
      (await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW)).kind,
      'done',
    );
    assert.equal((await thread.send()).kind, 'refused');
    await thread.clear();
    await thread.clear();
    assert.deepEqual(await texts(), ['—']);
    await thread.announce(2, 1);
    assert.deepEqual(await texts(), ['—']);
  });

  it('CHAN-5 clears later what it cannot clear now, and gives up what nobody may change', async () => {
    await thread.announce(1);
    await fault({ error: 'internal_error' });
    await thread.clear();
    assert.deepEqual(await texts(), ['…']);
    await thread.clear();
    assert.deepEqual(await texts(), ['—']);
    await thread.announce(2);
    await fault({ error: 'is_archived' });
    await thread.clear();
    await thread.clear();
    assert.deepEqual(await texts(), ['—', '…'], 'a channel that refuses for good is not asked again');
  });

  it('TEN-1 shows no organisation the placeholders of another', async () => {
    const integration = await makeIntegration(pool, 'slack');
    assert.notEqual(integration.organisationId, thread.room.ref.organisationId);
    await thread.announce();
    const begun = await openPlaceholders(pool).leftOver(
      { organisationId: integration.organisationId, conversationId: thread.room.ref.conversationId },
      { exceptTurn: null, now: NOW, holdMs: 5000 },
    );
    assert.deepEqual(begun, []);
  });
});
