import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { eventually, openJourney, rareWord, type Journey } from './open-journey.ts';
import {
  deliverEvent,
  messageEvent,
  nextTs,
  openSlackWorkspace,
  shownIn,
  type ShownMessage,
  type SlackWorkspace,
} from './slack-workspace.ts';

const WORDS = 'Halo! Pesanan saya <#C0ORDERS|orders> belum sampai 📦 هل وصل الطلب؟ &lt;8125/A&gt;';
const PLAIN = 'Halo! Pesanan saya #orders belum sampai 📦 هل وصل الطلب؟ <8125/A>';

describe('journey over Slack', () => {
  let journey: Journey;
  let workspace: SlackWorkspace;
  before(async () => {
    journey = await openJourney();
    workspace = await openSlackWorkspace(journey, await journey.makeAgent());
  });
  after(() => journey?.close());

  const word = () => randomBytes(5).toString('hex').toUpperCase();
  const newChannel = () => `C${word()}`;
  const newUser = () => `U${word()}`;

  /** Somebody writes; the message is stored by the time of the 200. */
  async function says(message: { channel: string; user: string; text: string; thread_ts?: string }) {
    const said = { eventId: `Ev${word()}`, ts: nextTs(), ...message };
    const answer = await deliverEvent(journey, workspace, messageEvent(workspace, said));
    assert.equal(answer.status, 200);
    const [row] = await journey.sql<{ conversation_id: string }>(
      'select conversation_id from inbox where provider_message_id = $1',
      [`${workspace.team}:${said.eventId}`],
    );
    assert.ok(row, 'the message is stored by the time of the 200');
    return { ...said, conversation: row.conversation_id };
  }

  /** Our answers in a channel, once there are so many and none is being written. */
  const answersIn = (channel: string, count: number): Promise<ShownMessage[]> =>
    eventually(`${count} answers stand in the channel`, async () => {
      const ours = (await shownIn(journey, workspace, channel)).filter(({ bot_id }) => bot_id !== undefined);
      assert.ok(ours.length <= count, `${ours.length} messages of ours are there, not ${count}`);
      return ours.length === count && ours.every(({ text }) => text !== '…') && ours;
    });

  const linesOf = async (conversation: string) =>
    (await journey.messages(conversation)).map(({ from, text, state }) => ({ from, text, state }));

  it('ESC-5 is silent in a thread in which somebody of the organisation answers', async () => {
    const [channel, customer, olga] = [newChannel(), newUser(), newUser()];
    const made = await journey.call('POST', '/v1/members', {
      as: 'admin',
      body: { name: 'Olga', role: 'operator' },
    });
    await journey.sql('update members set slack_user_id = $2 where id = $1', [made.body['id'], olga]);
    const { ts, conversation } = await says({ channel, user: customer, text: 'Halo' });
    await answersIn(channel, 1);
    const words = { channel, user: olga, text: 'This is Olga', thread_ts: ts };
    const event = messageEvent(workspace, { eventId: `Ev${word()}`, ts: nextTs(), ...words });
    assert.equal((await deliverEvent(journey, workspace, event)).status, 200);
    const path = `/v1/conversations/${conversation}`;
    const read = (await journey.call('GET', path, { as: 'viewer' })).body;
    assert.deepEqual([read['status'], read['assignee']], ['assigned', made.body['id']]);
    await says({ channel, user: customer, text: 'Thank you, Olga', thread_ts: ts });
    await eventually(
      'it is left to her',
      async () => (await linesOf(conversation)).at(-1)?.state === 'operator_has_it',
    );
    await answersIn(channel, 1);
    assert.deepEqual((await linesOf(conversation)).slice(2), [
      { from: 'operator', text: 'This is Olga', state: 'sent' },
      { from: 'customer', text: 'Thank you, Olga', state: 'operator_has_it' },
    ]);
  });

  it('CHAN-3 answers in the thread of the message, in the place of a placeholder', async () => {
    const channel = newChannel();
    const { ts, conversation, eventId } = await says({ channel, user: newUser(), text: WORDS });
    const [answer] = (await answersIn(channel, 1)) as [ShownMessage];
    assert.equal(answer.thread_ts, ts);
    assert.deepEqual(answer.before, ['…']);
    await eventually('the reply is recorded', async () => (await linesOf(conversation))[1]?.state === 'sent');
    const [question, reply, ...more] = await journey.messages(conversation);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [question?.text, question?.provider_message_id],
      [PLAIN, `${workspace.team}:${eventId}`],
    );
    assert.deepEqual([reply?.from, reply?.provider_message_id], ['agent', `${channel}:${answer.ts}`]);
    assert.equal(
      answer.text,
      reply?.text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    );
    const { entries } = await journey.standIn('GET', '/slack/journal?limit=1000');
    const calls = (entries as { team: string; token: string; method: string }[]).filter(
      ({ team }) => team === workspace.team,
    );
    assert.deepEqual([...new Set(calls.map(({ token }) => token))], [workspace.botToken]);
  });

  it('CHAN-3 goes on in a thread, and holds another thread for another conversation', async () => {
    const [channel, user] = [newChannel(), newUser()];
    const first = await says({ channel, user, text: 'The first thing' });
    await answersIn(channel, 1);
    const again = await says({ channel, user, text: 'More of it', thread_ts: first.ts });
    await answersIn(channel, 2);
    const other = await says({ channel, user, text: 'Another thing' });
    const answers = await answersIn(channel, 3);
    assert.equal(again.conversation, first.conversation);
    assert.notEqual(other.conversation, first.conversation);
    assert.deepEqual(
      answers.map(({ thread_ts }) => thread_ts),
      [first.ts, first.ts, other.ts],
    );
    const contacts = await journey.sql('select distinct contact_id from conversations where id = any($1)', [
      [first.conversation, other.conversation],
    ]);
    assert.equal(contacts.length, 1, 'the same person in both');
  });

  it('CONV-1 makes one turn of a storm of retries, an event that Slack tries three times more', async () => {
    const channel = newChannel();
    const said = { eventId: `Ev${word()}`, ts: nextTs(), channel, user: newUser(), text: 'Once, please' };
    const body = messageEvent(workspace, said);
    const tries = [0, 1, 2, 3].map((retry) =>
      deliverEvent(journey, workspace, body, {
        headers:
          retry === 0 ? {} : { 'x-slack-retry-num': String(retry), 'x-slack-retry-reason': 'http_timeout' },
      }),
    );
    assert.deepEqual([...new Set((await Promise.all(tries)).map(({ status }) => status))], [200]);
    await answersIn(channel, 1);
    // A second message is answered behind whatever the retries could have caused.
    const { conversation } = await says({
      channel,
      user: said.user,
      text: 'And another',
      thread_ts: said.ts,
    });
    await answersIn(channel, 2);
    assert.deepEqual(
      (await journey.messages(conversation)).map(({ from, turn }) => `${from} ${turn}`),
      ['customer 1', 'agent 1', 'customer 2', 'agent 2'],
    );
  });

  it('CONV-1 answers 200 to a replay within the window of the signature, and makes nothing of it', async () => {
    const channel = newChannel();
    const said = { eventId: `Ev${word()}`, ts: nextTs(), channel, user: newUser(), text: 'Once, please' };
    const body = messageEvent(workspace, said);
    // Word for word, as somebody would who had listened: the same body under the same signature.
    const seconds = Math.floor(Date.now() / 1000);
    const deliver = () => deliverEvent(journey, workspace, body, { seconds });
    assert.equal((await deliver()).status, 200);
    await answersIn(channel, 1);
    assert.equal((await deliver()).status, 200);
    const rows = await journey.sql<{ conversation_id: string }>(
      'select conversation_id from inbox where provider_message_id like $1',
      [`%${said.eventId}`],
    );
    assert.equal(rows.length, 1);
    const { conversation } = await says({ channel, user: said.user, text: 'More', thread_ts: said.ts });
    await answersIn(channel, 2);
    assert.deepEqual(
      (await journey.messages(conversation)).map(({ from, turn }) => `${from} ${turn}`),
      ['customer 1', 'agent 1', 'customer 2', 'agent 2'],
    );
  });

  it('CHAN-1 ignores its own messages, which come back to it', async () => {
    const channel = newChannel();
    const { conversation } = await says({ channel, user: newUser(), text: 'Hello' });
    const [answer] = (await answersIn(channel, 1)) as [ShownMessage];
    await eventually('the answer’s own event has come back and was taken', async () => {
      const { entries } = await journey.standIn('GET', '/slack/webhooks?limit=1000');
      return (entries as { body: string; answered: number }[]).some(
        ({ body, answered }) => answered === 200 && body.includes(answer.ts) && body.includes('bot_id'),
      );
    });
    const messages = await journey.sql(`select from inbox where conversation_id = $1 and kind = 'message'`, [
      conversation,
    ]);
    assert.equal(messages.length, 1);
  });

  it('CHAN-2 refuses what is signed for another time or by another, stores nothing and writes it down', async () => {
    const now = Math.floor(Date.now() / 1000);
    const said = { eventId: `Ev${word()}`, ts: nextTs(), channel: newChannel(), user: newUser(), text: 'x' };
    const body = messageEvent(workspace, said);
    for (const seconds of [now - 301, now + 310, now + 365 * 86_400, 'abc'])
      assert.equal((await deliverEvent(journey, workspace, body, { seconds })).status, 401, String(seconds));
    const forged = { ...workspace, signingSecret: 'another' };
    assert.equal((await deliverEvent(journey, forged, body)).status, 401);
    const rows = await journey.sql('select from inbox where provider_message_id like $1', [
      `%${said.eventId}`,
    ]);
    assert.equal(rows.length, 0);
    const audit = await journey.call('GET', '/v1/audit?limit=100', { as: 'viewer' });
    const refused = (audit.body['data'] as Record<string, unknown>[]).filter(
      ({ action, subject }) => action === 'webhook.refused' && subject === workspace.channel,
    );
    assert.equal(refused.length, 5);
  });

  it('CHAN-4 waits out a rate limit where an engineer can see it, and shows what failed for good', async () => {
    const channel = newChannel();
    await journey.standIn('POST', '/slack/control', {
      fail: [{ match: channel, status: 429, headers: { 'retry-after': '1' } }],
    });
    const { conversation, ts, user } = await says({ channel, user: newUser(), text: 'Hello' });
    await answersIn(channel, 1);
    await journey.standIn('POST', '/slack/control', {
      fail: [{ match: channel, error: 'is_archived', times: -1 }],
    });
    await says({ channel, user, text: 'Still there?', thread_ts: ts });
    await eventually(
      'the reply has failed',
      async () => (await linesOf(conversation)).at(-1)?.state === 'failed',
    );
    await journey.standIn('POST', '/slack/control', { fail: [] });
    const events = await journey.call('GET', '/v1/events?limit=100', { as: 'viewer' });
    const [failed] = (events.body['data'] as Record<string, unknown>[]).filter(
      ({ name, conversation_id }) => name === 'message_failed' && conversation_id === conversation,
    );
    assert.equal((failed?.['properties'] as Record<string, unknown>)['reason'], 'is_archived');
  });

  it('CHAN-5 answers once when Slack’s answers are lost', async () => {
    const [channel, mark] = [newChannel(), rareWord()];
    const lost = { match: channel, drop: true, when: 'after' };
    await journey.standIn('POST', '/slack/control', { fail: [lost, lost] });
    const { conversation } = await says({ channel, user: newUser(), text: `Hello ${mark}` });
    await eventually('the reply is sent', async () => (await linesOf(conversation))[1]?.state === 'sent');
    const answer = (await linesOf(conversation))[1]?.text.replaceAll('&', '&amp;') ?? '';
    const ours = (await shownIn(journey, workspace, channel)).filter(({ bot_id }) => bot_id !== undefined);
    assert.equal(ours.filter(({ text }) => text === answer).length, 1);
    assert.ok(ours.every(({ text }) => text === answer || text === '…' || text === '—'));
  });

  it('APR-7 tells who presses a button that is good for nothing', async () => {
    const channel = newChannel();
    const blocks = [{ type: 'actions', elements: [{ type: 'button', action_id: 'old', value: 'x' }] }];
    const post = await fetch(`${journey.stage.standIns}/slack/api/chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${workspace.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel, text: '?', blocks }),
    });
    const { ts } = (await post.json()) as { ts: string };
    const press = { team: workspace.team, channel, message_ts: ts, user: newUser() };
    const { answered, response_url } = await journey.standIn('POST', '/slack/press', press);
    assert.equal(answered, 200);
    await eventually('the person is told', async () => {
      const { entries } = await journey.standIn('GET', '/slack/journal?limit=1000');
      return (entries as { method: string; id: string }[]).some(
        ({ method, id }) => method === 'response' && String(response_url).endsWith(id),
      );
    });
  });

  it('RUN-1 has an example channel on Slack that answers whoever holds its signing secret', async () => {
    const { channels, secrets } = journey.stage.dev();
    assert.match(channels.slack, /^[0-9a-f-]{36}$/);
    const example = {
      channel: channels.slack,
      team: 'T0STANDIN',
      signingSecret: secrets.slack_signing_secret,
      botToken: '',
    };
    const channel = newChannel();
    const customer = { channel, user: newUser(), text: 'Do you ship to Bandung?' };
    const { ts, answered } = await journey.standIn('POST', '/slack/customer', customer);
    assert.deepEqual(answered, [200]);
    const [answer] = await eventually(
      'it is answered',
      async () => {
        const ours = (await shownIn(journey, example, channel)).filter(({ bot_id }) => bot_id !== undefined);
        return ours.length > 0 && ours.every(({ text }) => text !== '…') && ours;
      },
      40_000,
    );
    assert.equal(answer?.thread_ts, ts);
  });
});
