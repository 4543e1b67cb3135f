import { strict as assert } from 'node:assert';
import { randomBytes, randomUUID } from 'node:crypto';
import type { ConversationView } from '../../contract/conversation.ts';
import { deliver, openMetaNumber, textWebhook } from '../journey/meta.ts';
import { eventually, openJourney } from '../journey/open-journey.ts';
import type { Journey } from '../journey/open-journey.ts';
import { deliverEvent, messageEvent, nextTs, openSlackWorkspace } from '../journey/slack-workspace.ts';
import { openVisitor } from './chat-visitor.ts';
import { holdRequest, openWorkerHolds } from './holds.ts';
import type { Held, WorkerHolds } from './holds.ts';
import { openRecords } from './records.ts';
import type { Records } from './records.ts';

/** What left for the customer: a message of ours, or a placeholder, by its id; `cleared` is the line of nobody. */
interface Left {
  at: number;
  id: string;
  cleared?: boolean;
}

interface ChannelCustomer {
  says(): Promise<void>;
  conversation(): Promise<string>;
  left(): Promise<Left[]>;
}

type Where = { at: string } | { holds: 'slack' | 'whatsapp'; match?: string; when?: 'before' | 'after' };

const SENDS = ['send.before_fence', 'send.before_call', 'send.after_call', 'send.after_record'];

describe('a person who takes over on a channel of its own kind', function () {
  this.timeout(60_000);
  let journey: Journey;
  let records: Records;
  let holds: WorkerHolds;
  const table: object[] = [];

  before(async () => {
    holds = openWorkerHolds();
    journey = await openJourney({
      env: { WORKFLOW_TASK_TIMEOUT_SECONDS: '2', DELIVERY_REPORT_SECONDS: '2' },
      processEnv: { worker: holds.env },
    });
    records = openRecords(journey.stage.database.ownerUrl);
  });
  afterEach(async () => {
    for (const name of ['whatsapp', 'slack']) await journey.standIn('POST', `/${name}/control`, { fail: [] });
  });
  after(async () => {
    if (table.length > 0) console.table(table);
    await records?.close();
    await journey?.close();
    holds?.close();
  });

  async function conversationOn(channel: string): Promise<string> {
    return eventually('there is a conversation', async () => {
      const [row] = await journey.sql<{ id: string }>(
        'select id from conversations where channel_integration_id = $1 order by opened_at desc limit 1',
        [channel],
      );
      return row?.id;
    });
  }

  async function onWhatsApp(): Promise<ChannelCustomer> {
    const number = await openMetaNumber(journey, await journey.makeAgent());
    const waId = `62${String(randomBytes(5).readUIntBE(0, 5)).padStart(13, '8')}`;
    return {
      async says() {
        const id = `wamid.${randomBytes(24).toString('base64')}`;
        const body = textWebhook(number, { id, text: 'Hello', name: 'Budi', waId });
        assert.equal((await deliver(journey, number, body)).status, 200);
      },
      conversation: () => conversationOn(number.channel),
      async left() {
        const { entries } = await journey.standIn('GET', '/whatsapp/journal?limit=5000');
        return (entries as Record<string, unknown>[])
          .filter((entry) => entry['kind'] === 'message' && entry['phone_number_id'] === number.phoneNumberId)
          .map((entry) => ({ at: Number(entry['at']), id: String(entry['biz_opaque_callback_data']) }));
      },
    };
  }

  async function onSlack(): Promise<ChannelCustomer> {
    const workspace = await openSlackWorkspace(journey, await journey.makeAgent());
    const word = () => randomBytes(5).toString('hex').toUpperCase();
    const [channel, user, thread] = [`C${word()}`, `U${word()}`, nextTs()];
    let said = 0;
    return {
      async says() {
        const ts = said++ === 0 ? thread : nextTs();
        const more = ts === thread ? {} : { thread_ts: thread };
        const event = { eventId: `Ev${word()}`, ts, channel, user, text: 'Hello', ...more };
        assert.equal((await deliverEvent(journey, workspace, messageEvent(workspace, event))).status, 200);
      },
      conversation: () => conversationOn(workspace.channel),
      async left() {
        const { entries } = await journey.standIn('GET', '/slack/journal?limit=5000');
        return (entries as Record<string, unknown>[])
          .filter((entry) => entry['team'] === workspace.team)
          .map((entry) => {
            const block = /parley-(\w+):([0-9a-f-]{36})/.exec(JSON.stringify(entry['args']));
            return { at: Number(entry['at']), id: block?.[2] ?? '', cleared: block?.[1] === 'cleared' };
          });
      },
    };
  }

  async function onWebchat(): Promise<ChannelCustomer> {
    const dev = journey.stage.dev();
    const channel = await journey.makeChannel({ kind: 'webchat', agent_id: await journey.makeAgent() });
    const visitor = await openVisitor({ ...dev, channels: { ...dev.channels, webchat: channel } }, records);
    const seen = new Map<string, number>();
    return {
      says: () => visitor.say(randomUUID(), 'Hello'),
      conversation: () => conversationOn(channel),
      async left() {
        const now = Date.now();
        for (const { id, from } of await visitor.lines())
          if (from !== 'customer' && !seen.has(id)) seen.set(id, now);
        return [...seen].map(([id, at]) => ({ id, at }));
      },
    };
  }

  const comesTo = (where: Where): Promise<Held> | Held =>
    'at' in where ? holds.hold(where.at, '') : holdRequest(journey, where.holds, where);

  async function settled(conversation: string, doing: RegExp): Promise<void> {
    const handle = journey.client.workflow.getHandle(`conversation/${conversation}`);
    await eventually(
      'nothing is under way',
      async () => {
        const waiting = await journey.sql(
          `select id from inbox where conversation_id = $1 and settled_at is null
           union all select id from outbound where conversation_id = $1 and state in ('planned', 'sending')`,
          [conversation],
        );
        const shown = (await handle.query<ConversationView>('getState')).doing;
        if (waiting.length > 0 || !doing.test(shown)) throw new Error(`${shown}; ${waiting.length} rows`);
        return true;
      },
      30_000,
    );
  }

  async function story(name: string, open: () => Promise<ChannelCustomer>, where: Where): Promise<void> {
    const customer = await open();
    const held = await comesTo(where);
    let conversation = '';
    let at = 0;
    let inFlight: string[] = [];
    let before: Left[] = [];
    try {
      await customer.says();
      await held.reached();
      conversation = await customer.conversation();
      const path = `/v1/conversations/${conversation}/take-over`;
      const answer = await journey.call('POST', path, { as: 'operator', body: {} });
      at = Date.now();
      assert.equal(answer.status, 200, answer.text);
      inFlight = answer.body['in_flight'] as string[];
      before = await customer.left();
    } finally {
      await held.letGo();
    }
    await settled(conversation, /^silent/);
    const later = (await customer.left()).filter(
      (left) => !before.some(({ at: t, id }) => t === left.at && id === left.id),
    );
    const unnamed = later.filter(({ id, cleared }) => cleared !== true && !inFlight.includes(id));
    assert.deepEqual(unnamed, [], 'messages of the agent that began behind the 200');

    const body = { text: 'I am Olga' };
    const path = `/v1/conversations/${conversation}`;
    const reply = await journey.call('POST', `${path}/reply`, { as: 'operator', body });
    assert.equal(reply.status, 202, reply.text);
    await settled(conversation, /^silent/);
    const own = (await customer.left()).filter(({ id }) => id === reply.body['message_id']);
    assert.equal(own.length, 1, 'the person is heard, once');

    assert.equal((await journey.call('POST', `${path}/hand-back`, { as: 'operator', body: {} })).status, 200);
    const [{ turn } = { turn: 0 }] = await journey.sql<{ turn: number }>(
      'select turn from conversations where id = $1',
      [conversation],
    );
    const count = (await customer.left()).length;
    await customer.says();
    await settled(conversation, /waiting for a message/);
    const [answered] = await journey.sql<{ id: string; state: string }>(
      'select id, state from outbound where conversation_id = $1 and cause = $2',
      [conversation, `turn:${turn + 1}`],
    );
    assert.equal(answered?.state, 'sent');
    const heard = (await customer.left()).slice(count).filter(({ id }) => id === answered?.id);
    assert.equal(heard.length, 1, 'the next message is answered by the next turn, once');
    const states = await journey.sql<{ cause: string; state: string }>(
      `select cause, state from outbound where conversation_id = $1 and cause like 'turn:%' order by planned_at`,
      [conversation],
    );
    table.push({
      point: name,
      in_flight: inFlight.length,
      arrived_later: later.filter(({ cleared }) => cleared !== true).length,
      cleared: later.filter(({ cleared }) => cleared === true).length,
      messages: states.map(({ cause, state }) => `${cause} ${state}`).join(', '),
      milliseconds: Date.now() - at,
    });
  }

  const title = (where: Where) =>
    'at' in where ? where.at : `${where.holds} ${where.when ?? 'before'} ${where.match ?? ''}`.trimEnd();

  const whatsapp: Where[] = [
    ...SENDS.map((at) => ({ at })),
    { at: 'composeReply.ends' },
    { holds: 'whatsapp' },
    { holds: 'whatsapp', when: 'after' },
  ];
  for (const where of whatsapp)
    it(`ESC-5 hears no agent begin behind the 200, on WhatsApp at ${title(where)}`, () =>
      story(`whatsapp: ${title(where)}`, onWhatsApp, where));

  const slack: Where[] = [
    { at: 'postPlaceholder.begins' },
    { holds: 'slack', match: 'chat.postMessage' },
    { holds: 'slack', match: 'chat.postMessage', when: 'after' },
    { at: 'postPlaceholder.ends' },
    { at: 'composeReply.begins' },
    { at: 'composeReply.ends' },
    { at: 'sendReply.begins' },
    ...SENDS.map((at) => ({ at })),
    { at: 'sendReply.ends' },
    { holds: 'slack', match: 'chat.update' },
    { holds: 'slack', match: 'chat.update', when: 'after' },
    { at: 'clearPlaceholders.begins' },
    { at: 'clearPlaceholders.ends' },
  ];
  for (const where of slack)
    it(`ESC-5 hears no agent begin behind the 200, on Slack at ${title(where)}`, () =>
      story(`slack: ${title(where)}`, onSlack, where));

  for (const at of ['send.before_fence', 'composeReply.ends'])
    it(`ESC-5 hears no agent begin behind the 200, on the web chat at ${at}`, () =>
      story(`webchat: ${at}`, onWebchat, { at }));
});
