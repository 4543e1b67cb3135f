import { strict as assert } from 'node:assert';
import type { Delivery, PlaceholderPlace, SendOutcome } from '../../activities/ports.ts';
import { openAsides } from '../../adapters/channels/index.ts';
import { deliveryOn, NEVER, openSetting, SLACK, standPlaceholder } from './channel-setting.ts';
import type { Setting } from './channel-setting.ts';

interface Shown {
  ts: string;
  thread_ts?: string;
  channel: string;
  text: string;
  before: string[];
  blocks: { block_id?: string; elements?: { action_id: string; value: string }[] }[];
}

const THREAD = '1771236000.000100';
const NOTHING_SENT = { afterMs: null, mayHaveArrived: false, kind: 'try_again' };

describe('the way out over Slack', () => {
  let setting: Setting;
  beforeEach(async () => {
    setting = await openSetting(SLACK);
  });
  afterEach(() => setting.close());

  const send = (change: Partial<Delivery> = {}) =>
    setting.channels.send({ ...deliveryOn('slack'), ...change }, NEVER);
  const fault = (fail: object) => setting.post('slack/control', { fail: [fail] });
  async function shown(query = ''): Promise<Shown[]> {
    const answer = await fetch(`${setting.url}/slack/messages?${query}`);
    return ((await answer.json()) as { messages: Shown[] }).messages;
  }
  const texts = async () => (await shown()).map(({ text }) => text);
  const methods = async () => (await setting.journal('slack')).map(({ method }) => method);
  const placeOf = (placeholderId: string): PlaceholderPlace => ({ ...deliveryOn('slack'), placeholderId });
  const PLACE = 'a0a0a0a0-0000-4000-8000-00000000000a';

  it('CHAN-3 replaces the placeholder that stands in the thread the customer wrote in', async () => {
    const posted = await setting.placeholderPosts.post(placeOf(PLACE), NEVER);
    assert.equal(posted.kind, 'sent');
    assert.deepEqual((await shown())[0]?.blocks[0]?.block_id, `parley-placeholder:${PLACE}`);
    const providerMessageId = posted.providerMessageId ?? '';
    setting.placeholders.standing = { placeholderId: PLACE, providerMessageId };
    assert.deepEqual(await send(), { kind: 'sent', providerMessageId });
    const [message, ...more] = await shown(`channel=C0SHOP&thread_ts=${THREAD}`);
    assert.deepEqual(more, []);
    assert.deepEqual([message?.text, message?.before], [deliveryOn('slack').text, ['…']]);
    assert.equal(providerMessageId, `C0SHOP:${message?.ts}`);
    assert.deepEqual(await methods(), ['chat.postMessage', 'chat.update']);
  });

  it('CHAN-3 posts a placeholder first where none stands, and its words nowhere but in its place', async () => {
    const outcome = await send();
    const [message, ...more] = await shown();
    assert.deepEqual(more, []);
    assert.deepEqual(outcome, { kind: 'sent', providerMessageId: `C0SHOP:${message?.ts}` });
    assert.deepEqual(
      [message?.text, message?.before, message?.thread_ts],
      [deliveryOn('slack').text, ['…'], THREAD],
    );
  });

  it('CHAN-3 uses the token of the integration, and shows a model’s words without calling anybody', async () => {
    await setting.post('slack/control', { bot_token: 'xoxb-a-token' });
    assert.equal((await send({ text: 'Hello <!channel> & <@U1>' })).kind, 'sent');
    const [message] = await shown();
    assert.equal(message?.text, 'Hello &lt;!channel&gt; &amp; &lt;@U1&gt;');
    await setting.post('slack/control', { bot_token: 'another' });
    assert.deepEqual(await send(), { kind: 'failed', code: 'invalid_auth' });
  });

  it('CHAN-3 fails, by name, what an integration or a room lacks', async () => {
    assert.deepEqual(await send({ room: 'C0SHOP' }), { kind: 'failed', code: 'no_address' });
    for (const [version, secrets, code] of [
      [2, {}, 'no_bot_token'],
      [3, { bot_token: 'line\nbreak' }, 'bad_bot_token'],
    ] as const) {
      setting.integration = { settings: {}, secrets };
      assert.deepEqual(await send({ integrationVersion: version }), { kind: 'failed', code });
    }
    assert.deepEqual(await shown(), []);
  });

  it('CHAN-5 says that none of its words have left when the placeholder’s posting has an unknown outcome', async () => {
    await fault({ drop: true, when: 'after' });
    assert.deepEqual(await send(), { ...NOTHING_SENT, code: 'outcome_unknown' });
    assert.deepEqual(setting.placeholders.outcomes, [{ kind: 'unknown', code: 'outcome_unknown' }]);
    assert.equal((await send({ attempt: 2 })).kind, 'sent');
    assert.deepEqual(await texts(), ['…', deliveryOn('slack').text], 'one placeholder too many, one answer');
  });

  it('CHAN-5 says an answer once, however often its replacement was cut short', async () => {
    await standPlaceholder(setting);
    for (const attempt of [1, 2, 3]) {
      await fault({ drop: true, when: 'after' });
      const outcome = await send({ attempt, repeat: attempt > 1 });
      assert.deepEqual(
        [outcome.kind, 'mayHaveArrived' in outcome && outcome.mayHaveArrived],
        ['try_again', true],
      );
    }
    assert.equal((await send({ attempt: 4, repeat: true })).kind, 'sent');
    assert.deepEqual(await texts(), [deliveryOn('slack').text]);
  });

  it('CHAN-5 treats an error that may hide a success as one', async () => {
    await standPlaceholder(setting);
    for (const error of ['internal_error', 'fatal_error']) {
      await fault({ error });
      const outcome: SendOutcome = { kind: 'try_again', afterMs: null, code: error, mayHaveArrived: true };
      assert.deepEqual(await send(), outcome);
    }
    await fault({ malformed: true });
    assert.deepEqual(await send(), { ...NOTHING_SENT, code: 'answer_unreadable', mayHaveArrived: true });
  });

  it('CHAN-4 does not wait out a rate limit inside the call, whichever of the two calls meets it', async () => {
    for (const match of ['chat.postMessage', 'chat.update']) {
      await fault({ status: 429, headers: { 'retry-after': '30' }, match });
      assert.deepEqual(await send(), { ...NOTHING_SENT, afterMs: 30_000, code: 'ratelimited' });
    }
    assert.deepEqual(await methods(), ['chat.postMessage']);
  });

  it('CHAN-4 takes another placeholder for one that somebody deleted, unless the answer may have been in it', async () => {
    await standPlaceholder(setting, '1771236000.000777');
    assert.deepEqual(await send({ repeat: true }), { kind: 'failed', code: 'message_not_found' });
    const again = { ...NOTHING_SENT, afterMs: 0, code: 'message_not_found' };
    assert.deepEqual(await send(), again);
    assert.equal((await send({ attempt: 2 })).kind, 'sent');
    assert.deepEqual(await texts(), [deliveryOn('slack').text]);
  });

  it('CHAN-5 says nothing while it cannot be written down where', async () => {
    for (const away of ['take', 'beginFor', 'posted'] as const) {
      setting.placeholders.away = away;
      assert.deepEqual(await send(), { ...NOTHING_SENT, code: 'placeholders_unavailable' });
    }
    assert.ok((await texts()).every((text) => text === '…'));
  });

  it('CHAN-5 begins no replacement once the deadline of the fence has come', async () => {
    const deadline = new Date(Date.now() + 60_000);
    const times = [new Date(), new Date(), new Date(), new Date(), deadline];
    setting.clock.now = () => times.shift() ?? deadline;
    assert.deepEqual(await send({ deadline }), { ...NOTHING_SENT, code: 'deadline_passed' });
    assert.deepEqual(await texts(), ['…']);
  });

  it('CHAN-5 puts a neutral line in the place of what nothing will replace', async () => {
    const providerMessageId = await standPlaceholder(setting);
    const left = { ...placeOf(PLACE), providerMessageId };
    assert.equal((await setting.placeholderPosts.clear(left, NEVER)).kind, 'sent');
    assert.equal((await setting.placeholderPosts.clear(left, NEVER)).kind, 'sent', 'it may be repeated');
    assert.deepEqual(await texts(), ['—']);
  });

  it('ESC-2 writes to a person, with buttons, and takes the buttons away again', async () => {
    const buttons = [
      { actionId: 'approval.approve', value: 'a-1:2', label: 'Approve', style: 'primary' as const },
    ];
    const told = await setting.humans.notify('an-organisation', 'U0ADI', { text: 'A < B?', buttons }, NEVER);
    assert.equal(told.kind, 'sent');
    const [message] = await shown();
    assert.ok(message !== undefined && message.channel.startsWith('D'));
    assert.equal(told.providerMessageId, `${message.channel}:${message.ts}`);
    assert.deepEqual(
      message.blocks.flatMap(({ elements = [] }) =>
        elements.map(({ action_id, value }) => [action_id, value]),
      ),
      [['approval.approve', 'a-1:2']],
    );
    const decided = { text: 'Approved by Adi' };
    const replaced = await setting.humans.replace(
      'an-organisation',
      told.providerMessageId ?? '',
      decided,
      NEVER,
    );
    assert.equal(replaced.kind, 'sent');
    const [after, ...more] = await shown();
    assert.deepEqual([after?.text, after?.blocks.length, more], ['Approved by Adi', 1, []]);
  });

  it('APR-7 writes into a channel as into a direct one, known again by the id of its block', async () => {
    const message = { id: 'parley-approval:a-1', text: 'Refund?' };
    const told = await setting.humans.notify('an-organisation', 'C0OFFICE', message, NEVER);
    const [posted] = await shown();
    assert.deepEqual(
      [told.kind, posted?.channel, posted?.blocks[0]?.['block_id']],
      ['sent', 'C0OFFICE', 'parley-approval:a-1'],
    );
    const methods = (await setting.journal('slack')).map(({ method }) => method);
    assert.ok(!methods.includes('conversations.open'));
  });

  it('ESC-2 says what kept a person from being told', async () => {
    const notify = (userId: string) =>
      setting.humans.notify('an-organisation', userId, { text: 'Hi' }, NEVER);
    assert.deepEqual(await notify('nobody'), { kind: 'failed', code: 'user_not_found' });
    await fault({ drop: true, match: 'conversations.open' });
    assert.deepEqual(await notify('U0ADI'), { ...NOTHING_SENT, code: 'outcome_unknown' });
    await fault({ drop: true, match: 'chat.postMessage' });
    assert.deepEqual(await notify('U0ADI'), { kind: 'unknown', code: 'outcome_unknown' });
    setting.integration = null;
    assert.deepEqual(await notify('U0ADI'), { kind: 'failed', code: 'no_slack_workspace' });
  });

  it('APR-7 tells one person something, and only where Slack listens', async () => {
    const asides = openAsides({ apiUrl: `${setting.url}/slack/api` });
    try {
      assert.equal(await asides.tell(`${setting.url}/slack/responses/r1`, 'A < B'), true);
      const [entry] = await setting.journal('slack');
      assert.deepEqual(entry?.['args'], {
        response_type: 'ephemeral',
        replace_original: false,
        text: 'A &lt; B',
      });
      assert.equal(await asides.replace(`${setting.url}/slack/responses/r1`, 'A < B'), true);
      const replacing = (await setting.journal('slack')).at(-1)?.['args'] as Record<string, unknown>;
      assert.deepEqual([replacing['replace_original'], replacing['text']], [true, 'A &lt; B']);
      for (const elsewhere of [
        'http://169.254.169.254/latest',
        'https://hooks.slack.com.evil.example/',
        'nonsense',
        '',
      ])
        for (const say of [asides.tell, asides.replace])
          assert.equal(await say(elsewhere, 'x'), false, elsewhere);
    } finally {
      await asides.close();
    }
  });
});
