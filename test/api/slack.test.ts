import { strict as assert } from 'node:assert';
import { ParleyFailure } from '../../contract/failures.ts';
import { slackSignature } from '../../dev/stand-ins/slack-webhooks.ts';
import { SLACK_SECRET } from './fake-world.ts';
import { openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

const TS = '1771236000.000100';
const PLACEHOLDER = 'a0a0a0a0-0000-4000-8000-00000000000a';

function eventOf(event: object, more: object = {}): string {
  const said = { type: 'message', channel: 'C0SHOP', user: 'U0DEWI', text: 'Halo 🙏', ts: TS, ...event };
  return JSON.stringify({ type: 'event_callback', team_id: 'T0SHOP', event_id: 'Ev1', event: said, ...more });
}

function pressOf(more: object = {}): string {
  const payload = {
    type: 'block_actions',
    team: { id: 'T0SHOP' },
    user: { id: 'U0ADI' },
    channel: { id: 'D0ADI' },
    message: { ts: TS },
    response_url: 'https://hooks.slack.com/actions/1',
    actions: [{ action_id: 'approval.approve', value: 'a-1:2' }],
    ...more,
  };
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

describe('the Slack webhooks', () => {
  let stage: ApiStage;
  beforeEach(async () => {
    stage = await openApiStage();
  });
  afterEach(() => stage.close());

  const nowSeconds = () => Math.floor(stage.world.now.getTime() / 1000);
  const post = (
    path: 'events' | 'interactions',
    body: string,
    { headers = slackSignature(SLACK_SECRET, body, nowSeconds()), channel = stage.here.channels.slack } = {},
  ) =>
    fetch(`${stage.url}/webhooks/slack/${channel}/${path}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': path === 'events' ? 'application/json' : 'application/x-www-form-urlencoded',
        ...headers,
      },
    });
  const integration = () => stage.world.integrations.get(stage.here.channels.slack);

  it('CHAN-2 answers the verification of the address with its challenge, once it is signed', async () => {
    const body = JSON.stringify({ type: 'url_verification', token: 'x', challenge: '3eZbrw1aB' });
    const answer = await post('events', body);
    assert.deepEqual([answer.status, await answer.json()], [200, { challenge: '3eZbrw1aB' }]);
    const unsigned = await post('events', body, { headers: {} });
    assert.equal(unsigned.status, 401);
    assert.ok(!(await unsigned.text()).includes('3eZbrw1aB'));
  });

  it('CONV-2 has a message on disk before the 200, and signals it', async () => {
    assert.equal((await post('events', eventOf({}))).status, 200);
    const [stored, ...more] = stage.world.stored;
    assert.deepEqual(more, []);
    assert.equal(stored?.message.providerMessageId, 'T0SHOP:Ev1');
    assert.equal(stored.message.room, `T0SHOP:C0SHOP:${TS}`);
    assert.equal(stage.world.signals.length, 1);
  });

  it('ESC-5 takes what a member writes in the thread of a customer for an answer, not for a customer', async () => {
    const known = integration();
    assert.ok(known);
    known.settings['team_id'] = 'T0SHOP';
    stage.world.slackMembers.add('U0DEWI');
    assert.equal((await post('events', eventOf({ thread_ts: '1771236000.000001' }))).status, 200);
    assert.deepEqual([stage.world.stored, stage.world.signals], [[], []]);
    const [reply, ...more] = stage.world.repliesFromApp;
    assert.deepEqual([reply?.room, more], ['T0SHOP:C0SHOP:1771236000.000001', []]);
  });

  it('ESC-5 takes nobody for a member where the channel does not name its workspace', async () => {
    stage.world.slackMembers.add('U0DEWI');
    assert.equal((await post('events', eventOf({ thread_ts: '1771236000.000001' }))).status, 200);
    assert.deepEqual(stage.world.repliesFromApp, []);
    assert.equal(stage.world.stored.length, 1);
  });

  it('CONV-1 stores an event once in a storm of retries, each of them answered 200', async () => {
    const body = eventOf({});
    const tries = Array.from({ length: 20 }, (_, retry) =>
      post('events', body, {
        headers: {
          ...slackSignature(SLACK_SECRET, body, nowSeconds()),
          ...(retry > 0 && { 'x-slack-retry-num': String(retry), 'x-slack-retry-reason': 'http_timeout' }),
        },
      }),
    );
    assert.deepEqual([...new Set((await Promise.all(tries)).map(({ status }) => status))], [200]);
    assert.equal(stage.world.stored.length, 1);
    assert.equal(stage.world.signals.length, 1);
  });

  it('CONV-1 stores a retry whose first try was lost', async () => {
    const body = eventOf({});
    const headers = { ...slackSignature(SLACK_SECRET, body, nowSeconds()), 'x-slack-retry-num': '1' };
    assert.equal((await post('events', body, { headers })).status, 200);
    assert.equal(stage.world.stored.length, 1);
  });

  for (const [which, timestamp] of [
    ['301 s ago', (now: number) => String(now - 301)],
    ['in 301 s', (now: number) => String(now + 301)],
    ['in a year', (now: number) => String(now + 365 * 86_400)],
    ['of no number', () => 'abc'],
  ] as const) {
    it(`CHAN-2 refuses what is signed for a time ${which}, stores nothing and writes it down`, async () => {
      for (const [path, body] of [
        ['events', eventOf({})],
        ['interactions', pressOf()],
      ] as const) {
        const seconds = timestamp(nowSeconds());
        const headers = slackSignature(SLACK_SECRET, body, seconds);
        assert.equal(headers['x-slack-request-timestamp'], seconds);
        assert.equal((await post(path, body, { headers })).status, 401, path);
      }
      assert.equal(stage.world.stored.length + stage.world.signals.length + stage.world.asides.length, 0);
      const [entry, ...more] = stage.world.refused;
      assert.equal(more.length, 1);
      assert.deepEqual(entry, {
        organisationId: stage.here.id,
        action: 'webhook.refused',
        subject: stage.here.channels.slack,
        from: '127.0.0.1',
        detail: { reason: 'signature' },
      });
    });
  }

  it('CHAN-2 refuses a forged, absent or foreign signature, and one over the JSON written again', async () => {
    const body = eventOf({}).replace('🙏', '\\ud83d\\ude4f');
    const signed = (secret: string, over: string) => slackSignature(secret, over, nowSeconds());
    const cases: Record<string, string>[] = [
      {},
      signed('another', body),
      signed(SLACK_SECRET, JSON.stringify(JSON.parse(body))),
      signed(SLACK_SECRET, `${body} `),
      { ...signed(SLACK_SECRET, body), 'x-slack-request-timestamp': String(nowSeconds() - 1) },
    ];
    for (const headers of cases) assert.equal((await post('events', body, { headers })).status, 401);
    assert.equal(stage.world.stored.length, 0);
    assert.equal(stage.world.refused.length, cases.length);
    const theirs = stage.world.integrations.get(stage.there.channels.slack);
    if (theirs !== undefined) theirs.secrets['signing_secret'] = 'theirs';
    assert.equal((await post('events', body, { channel: stage.there.channels.slack })).status, 401);
  });

  it('CHAN-1 ignores its own messages, other programs and changes, with 200', async () => {
    for (const event of [
      { bot_id: 'B0BOT' },
      { subtype: 'bot_message', user: undefined },
      { subtype: 'message_changed', message: { text: 'x' } },
      { type: 'reaction_added' },
    ])
      assert.equal((await post('events', eventOf(event))).status, 200);
    const limited = JSON.stringify({ type: 'app_rate_limited', team_id: 'T0SHOP' });
    assert.equal((await post('events', limited)).status, 200);
    assert.equal(stage.world.stored.length, 0);
  });

  it('TEN-1 takes events of the one workspace that the integration is for, where it is for one', async () => {
    const known = integration();
    assert.ok(known);
    known.settings['team_id'] = 'T0OTHER';
    assert.equal((await post('events', eventOf({}))).status, 200);
    const press = await post('interactions', pressOf());
    assert.deepEqual([press.status, await press.json()], [200, {}]);
    assert.equal(stage.world.stored.length, 0);
    known.settings['team_id'] = 'T0SHOP';
    assert.equal((await post('events', eventOf({}))).status, 200);
    assert.equal(stage.world.stored.length, 1);
  });

  it('CHAN-5 hears of its own placeholders, and of its own requests to operators', async () => {
    for (const block_id of [`parley-placeholder:${PLACEHOLDER}`, `parley-approval:${PLACEHOLDER}`]) {
      const blocks = [{ type: 'section', block_id }];
      assert.equal((await post('events', eventOf({ bot_id: 'B0BOT', blocks }))).status, 200);
    }
    assert.deepEqual(stage.world.echoes, [
      { placeholderId: PLACEHOLDER, providerMessageId: `C0SHOP:${TS}` },
      { approvalId: PLACEHOLDER, providerMessageId: `C0SHOP:${TS}` },
    ]);
    assert.equal(stage.world.stored.length, 0);
  });

  it('CHAN-1 answers 404 for an integration that is unknown, of another kind or switched off', async () => {
    for (const channel of [stage.here.channels.generic, '00000000-0000-4000-8000-000000000000'])
      for (const path of ['events', 'interactions'] as const)
        assert.equal((await post(path, eventOf({}), { channel })).status, 404);
    const known = integration();
    assert.ok(known);
    known.active = false;
    assert.equal((await post('events', eventOf({}))).status, 404);
  });

  it('CHAN-1 answers 400 to what is signed but nothing of Slack', async () => {
    for (const body of ['', 'nonsense', '[]', '{"event":{}}']) {
      assert.equal((await post('events', body)).status, 400, body);
      assert.equal((await post('interactions', body)).status, 400, body);
    }
  });

  it('CONV-2 answers 503 while the store is away, and stores the event when it comes again', async () => {
    stage.world.beforeReceive = () => {
      throw new ParleyFailure('STORE_UNAVAILABLE');
    };
    const answer = await post('events', eventOf({}));
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '2']);
    stage.world.beforeReceive = () => undefined;
    assert.equal((await post('events', eventOf({}))).status, 200);
    assert.equal(stage.world.stored.length, 1);
  });

  it('APR-7 tells who presses a button that does nothing, or nothing any more, and nobody else', async () => {
    const answer = await post('interactions', pressOf());
    assert.equal(answer.status, 200);
    const told = (await answer.json()) as Record<string, unknown>;
    assert.equal(told['response_type'], 'ephemeral');
    assert.match(String(told['text']), /no longer does anything/);
    assert.deepEqual(stage.world.asides, [
      { replyTo: 'https://hooks.slack.com/actions/1', text: told['text'] },
    ]);
  });

  it('APR-7 takes note of other interactions than presses, and that is all', async () => {
    const answer = await post('interactions', pressOf({ type: 'view_closed' }));
    assert.deepEqual([answer.status, await answer.json()], [200, {}]);
    assert.deepEqual(stage.world.asides, []);
  });

  it('APR-7 checks the signature over the form as it came', async () => {
    const body = pressOf();
    const headers = slackSignature(
      SLACK_SECRET,
      new URLSearchParams(body).get('payload') ?? '',
      nowSeconds(),
    );
    assert.equal((await post('interactions', body, { headers })).status, 401);
    assert.equal(stage.world.refused.length, 1);
  });
});
