import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReceivingIntegration } from '../../api/ports.ts';
import { slackReceiver } from '../../adapters/channels/slack/receive.ts';
import { until } from '../until.ts';
import { openStandIns } from './open-stand-ins.ts';

const SECRET = 'a signing secret';
const integration: ReceivingIntegration = {
  id: 'a0a0a0a0-0000-4000-8000-000000000001',
  organisationId: 'a0a0a0a0-0000-4000-8000-000000000002',
  agentId: 'a0a0a0a0-0000-4000-8000-000000000003',
  kind: 'slack',
  active: true,
  settings: {},
  secrets: { signing_secret: SECRET },
};

interface Came {
  url: string;
  headers: Record<string, string>;
  body: Buffer;
}

/** The product's side of the webhooks: keeps what comes and answers as told. */
async function openReceiver() {
  const came: Came[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const headers = request.headers as Record<string, string>;
      came.push({ url: request.url ?? '', headers, body: Buffer.concat(pieces) });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    came,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    answer: (with_: number) => void (status = with_),
    close: () => new Promise((closed) => server.close(closed)),
  };
}

describe('the stand-in for Slack', () => {
  let standIns: Awaited<ReturnType<typeof openStandIns>>;
  let receiver: Awaited<ReturnType<typeof openReceiver>>;
  beforeEach(async () => {
    [standIns, receiver] = await Promise.all([openStandIns(), openReceiver()]);
    await ask('POST', 'control', { webhook_url: receiver.url, signing_secret: SECRET });
  });
  afterEach(async () => {
    await standIns.close();
    await receiver.close();
  });

  async function ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`${standIns.url}/slack/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.equal(answer.status, 200, `${method} ${path}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  async function callMethod(method: string, args: Record<string, string>, token = 'xoxb-any') {
    const answer = await fetch(`${standIns.url}/slack/api/${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: new URLSearchParams(args),
    });
    return (await answer.json()) as Record<string, unknown>;
  }

  it('CHAN-2 signs events and presses as Slack does, whichever way they come', async () => {
    const customer = { channel: 'C0SHOP', user: 'U0DEWI', text: 'Halo 🙏 <&>' };
    const { ts, answered } = await ask('POST', 'customer', customer);
    assert.deepEqual(answered, [200]);
    const blocks = [{ type: 'actions', elements: [{ type: 'button', action_id: 'a', value: 'v' }] }];
    const posted = await callMethod('chat.postMessage', {
      channel: 'D0ADI',
      text: '?',
      blocks: JSON.stringify(blocks),
    });
    await ask('POST', 'press', { channel: 'D0ADI', message_ts: posted['ts'], user: 'U0ADI' });
    assert.ok(await until(() => receiver.came.length === 3, 2000), 'the event, the echo and the press come');

    const [event, echo, press] = receiver.came as [Came, Came, Came];
    for (const request of receiver.came) assert.ok(slackReceiver.authentic(request, integration, new Date()));
    assert.equal(event.url, '/hook/events');
    const [message] = slackReceiver.parse(event, integration)?.messages ?? [];
    assert.deepEqual(
      [message?.room, message?.customer.ids, message?.content],
      [`T0STANDIN:C0SHOP:${String(ts)}`, ['U0DEWI'], { kind: 'text', text: 'Halo 🙏 <&>' }],
    );
    assert.deepEqual(slackReceiver.parse(echo, integration), { messages: [], statuses: [], ignored: 1 });
    const interaction = slackReceiver.interaction?.(press, integration);
    assert.ok(interaction?.kind === 'block_action');
    assert.deepEqual([interaction.action.actionId, interaction.action.value], ['a', 'v']);
    assert.match(interaction.replyTo ?? '', /\/slack\/responses\//);
  });

  it('APR-7 puts what is answered to a press in place of its message, or keeps whom it was for', async () => {
    const button = (id: string) => ({ type: 'button', action_id: id, value: `v-${id}` });
    const blocks = [{ type: 'actions', elements: [button('yes'), button('no')] }];
    const content = { channel: 'D0ADI', text: 'Refund?', blocks: JSON.stringify(blocks) };
    const { ts } = await callMethod('chat.postMessage', content);
    const press = { channel: 'D0ADI', message_ts: ts, user: 'U0ADI', action_id: 'no' };
    const { response_url } = await ask('POST', 'press', press);
    const interaction = receiver.came.map((came) => slackReceiver.interaction?.(came, integration)).at(-1);
    assert.ok(interaction?.kind === 'block_action');
    assert.equal(interaction.action.value, 'v-no');
    const answer = (body: object) =>
      fetch(String(response_url), { method: 'POST', body: JSON.stringify(body) });
    await answer({ response_type: 'ephemeral', replace_original: false, text: 'psst' });
    await answer({ replace_original: true, text: 'Denied' });
    const { messages } = await ask('GET', 'messages?channel=D0ADI');
    const [shown] = messages as { text: string; before: string[]; blocks: unknown[] }[];
    assert.deepEqual([shown?.text, shown?.before, shown?.blocks], ['Denied', ['Refund?'], []]);
    const { entries } = await ask('GET', 'journal');
    const said = (entries as Record<string, unknown>[]).filter(({ method }) => method === 'response');
    assert.deepEqual(
      said.map(({ user, message_ts }) => [user, message_ts]),
      [
        ['U0ADI', ts],
        ['U0ADI', ts],
      ],
    );
  });

  it('CONV-1 tries an event again, under the same id, until it is taken', async () => {
    receiver.answer(503);
    await callMethod('chat.postMessage', { channel: 'C0SHOP', text: 'from the app' });
    assert.ok(await until(() => receiver.came.length === 2, 2000));
    receiver.answer(200);
    assert.ok(await until(() => receiver.came.length === 3, 2000));
    assert.deepEqual(
      receiver.came.map(({ headers }) => headers['x-slack-retry-num']),
      [undefined, '1', '2'],
    );
    assert.equal(new Set(receiver.came.map(({ body }) => body.toString())).size, 1);
  });

  it('CHAN-1 answers as the Web API does, with its errors', async () => {
    assert.equal((await callMethod('auth.test', {}))['ok'], true);
    const opened = await callMethod('conversations.open', { users: 'U0ADI' });
    assert.deepEqual(opened, await callMethod('conversations.open', { users: 'U0ADI' }));
    const whisper = { channel: 'C0SHOP', user: 'U0ADI', text: 'psst' };
    assert.equal((await callMethod('chat.postEphemeral', whisper))['ok'], true);
    const errors: [string, Record<string, string>, string][] = [
      ['chat.postMessage', { channel: 'nowhere', text: 'x' }, 'channel_not_found'],
      ['chat.postMessage', { channel: 'C0SHOP' }, 'no_text'],
      ['chat.update', { channel: 'C0SHOP', ts: '1.1', text: 'x' }, 'message_not_found'],
      ['conversations.open', { users: 'x' }, 'user_not_found'],
      ['chat.nothing', {}, 'unknown_method'],
    ];
    for (const [method, args, error] of errors)
      assert.deepEqual(await callMethod(method, args), { ok: false, error }, method);
    await ask('POST', 'control', { bot_token: 'xoxb-one', fail: [{ error: 'is_archived' }] });
    assert.equal((await callMethod('auth.test', {}, 'xoxb-one'))['error'], 'is_archived');
    assert.equal((await callMethod('auth.test', {}, 'xoxb-other'))['error'], 'invalid_auth');
    const { entries } = await ask('GET', 'refused');
    assert.equal((entries as unknown[]).length, errors.length + 1);
  });

  it('TEN-1 tells workspaces apart by their tokens', async () => {
    await ask('POST', 'control', {
      workspaces: { T1: { bot_token: 'xoxb-1' }, T2: { bot_token: 'xoxb-2' } },
    });
    for (const team of ['1', '2'])
      await callMethod('chat.postMessage', { channel: 'C1', text: team }, `xoxb-${team}`);
    const { messages } = await ask('GET', 'messages?team=T2');
    assert.deepEqual(
      (messages as { text: string }[]).map(({ text }) => text),
      ['2'],
    );
  });
});
