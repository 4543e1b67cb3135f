import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import type { LocalServer } from './local-http-server.ts';
import { openStandIns } from './open-stand-ins.ts';

const NUMBER = '106540352242922';
const APP_SECRET = 'app-secret';

interface Page<T> {
  entries: T[];
}
interface Webhook {
  raw: string;
  headers: Record<string, string>;
  status: { id: string; status: string; biz_opaque_callback_data?: string; errors?: { code: number }[] };
}

describe('the WhatsApp Graph API stand-in', () => {
  let standIns: LocalServer;
  let graph: string;
  let sink: string;
  let tests = 0;

  before(async () => {
    standIns = await openStandIns();
    graph = `${standIns.url}/whatsapp`;
  });
  beforeEach(async () => {
    // A sink of its own for each test: a webhook on its way at the end of one is not counted in the next.
    sink = `${standIns.url}/sink/${++tests}`;
    await fetch(`${graph}/journal`, { method: 'DELETE' });
    await control({ reset: true, webhook_url: sink, app_secret: APP_SECRET });
  });
  after(() => standIns.close());

  const post = (url: string, body: unknown, token = 'token'): Promise<Response> =>
    fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { authorization: `Bearer ${token}` } });
  const control = async (settings: object): Promise<void> => {
    assert.equal((await post(`${graph}/control`, settings)).status, 200);
  };
  const send = (fields: object, token?: string): Promise<Response> =>
    post(
      `${graph}/v23.0/${NUMBER}/messages`,
      { messaging_product: 'whatsapp', to: '6281234', ...fields },
      token,
    );
  const text = (body = 'Halo'): object => ({
    type: 'text',
    text: { body },
    biz_opaque_callback_data: 'out-1',
  });
  const read = async <T>(path: string): Promise<T[]> =>
    ((await (await fetch(path)).json()) as Page<T>).entries;
  const error = async (answer: Response): Promise<[number, number]> => {
    const { error } = (await answer.json()) as { error: { code: number } };
    return [answer.status, error.code];
  };

  /** Reads until as many entries are there, five seconds at most. */
  async function readUntil<T>(path: string, wanted: number): Promise<T[]> {
    const deadline = Date.now() + 5000;
    for (;;) {
      const entries = await read<T>(path);
      if (entries.length >= wanted || Date.now() > deadline) return entries;
      await new Promise((later) => setTimeout(later, 10));
    }
  }

  async function webhooks(wanted: number): Promise<Webhook[]> {
    const taken = await readUntil<{ body: string; headers: Record<string, string> }>(
      `${sink}/journal`,
      wanted,
    );
    assert.equal(taken.length, wanted);
    return taken.map(({ body, headers }) => {
      const { entry } = JSON.parse(body) as { entry: { changes: { value: { statuses: unknown[] } }[] }[] };
      const status = entry[0]?.changes[0]?.value.statuses[0] as Webhook['status'];
      return { raw: body, headers, status };
    });
  }

  it('CHAN-4 answers a send as Meta does and then reports sent, delivered, read, signed over the raw body', async () => {
    const answer = await send(text('Selamat pagi 🌞'));
    assert.equal(answer.status, 200);
    const { contacts, messages } = (await answer.json()) as {
      contacts: object[];
      messages: { id: string }[];
    };
    assert.deepEqual(contacts, [{ input: '6281234', wa_id: '6281234' }]);
    const id = messages[0]?.id ?? '';
    assert.match(id, /^wamid\./);

    const seen = await webhooks(3);
    assert.deepEqual(
      seen.map(({ status }) => [status.id, status.status, status.biz_opaque_callback_data]),
      ['sent', 'delivered', 'read'].map((status) => [id, status, 'out-1']),
    );
    for (const { raw, headers } of seen) {
      const digest = createHmac('sha256', APP_SECRET).update(raw).digest('hex');
      assert.equal(headers['x-hub-signature-256'], `sha256=${digest}`);
    }
  });

  it('CHAN-2 escapes slashes and letters beyond ASCII, as Meta does', async () => {
    await control({ statuses: 'sent' });
    await send({ ...text(), biz_opaque_callback_data: 'a/é' });
    const [webhook] = await webhooks(1);
    assert.ok(webhook?.raw.includes('a\\/\\u00e9'));
    assert.equal(webhook?.status.biz_opaque_callback_data, 'a/é');
  });

  it('CHAN-3 asks for the token of that number and for a body as documented', async () => {
    await control({ numbers: { [NUMBER]: { access_token: 'right' } } });
    assert.deepEqual(await error(await send(text(), 'wrong')), [401, 190]);
    const wrong = [
      { messaging_product: 'sms', ...text() },
      { text: {} },
      { to: undefined, ...text() },
      { ...text(), txet: {} },
      {
        type: 'interactive',
        interactive: { type: 'button', body: { text: 'Pick' }, action: { buttons: [] } },
      },
    ];
    for (const fields of wrong) assert.deepEqual(await error(await send(fields, 'right')), [400, 100]);
    assert.deepEqual(await read(`${graph}/journal`), []);
    assert.equal((await read(`${graph}/refused`)).length, 1 + wrong.length);
  });

  it('CHAN-3 takes a business-scoped user id in place of a phone number', async () => {
    await control({ statuses: 'delivered' });
    const answer = await send({ to: undefined, recipient: 'ID.13491208655302741918', ...text() });
    const { contacts } = (await answer.json()) as { contacts: object[] };
    assert.deepEqual(contacts, [{ input: 'ID.13491208655302741918', user_id: 'ID.13491208655302741918' }]);
    const [webhook] = await webhooks(1);
    assert.ok(webhook?.raw.includes('"recipient_user_id":"ID.13491208655302741918"'));
    assert.ok(!webhook?.raw.includes('recipient_id'));
  });

  it('CHAN-4 takes read and typing without reporting on them', async () => {
    const answer = await send({
      to: undefined,
      status: 'read',
      message_id: 'wamid.X',
      typing_indicator: { type: 'text' },
    });
    assert.deepEqual(await answer.json(), { success: true });
    const kinds = (await read<{ kind: string }>(`${graph}/journal`)).map((entry) => entry.kind);
    assert.deepEqual(kinds, ['typing']);
  });

  it('CHAN-4 fails with the code it was told to, and with the status that goes with it', async () => {
    const codes = [190, 130429, 131047, 131056, 131000];
    await control({
      fail: [...codes.map((code) => ({ code })), { status: 429, headers: { 'retry-after': '3' } }],
    });
    const answers = [];
    for (const _ of codes) answers.push(await error(await send(text())));
    assert.deepEqual(answers, [
      [401, 190],
      [429, 130429],
      [400, 131047],
      [400, 131056],
      [500, 131000],
    ]);
    const throttled = await send(text());
    assert.equal(throttled.headers.get('retry-after'), '3');
    assert.deepEqual(await error(throttled), [429, 130429]);
    assert.equal((await send(text())).status, 200);
  });

  it('CHAN-5 drops a send unread, or drops the answer of one it took and reports on', async () => {
    await control({ statuses: 'sent', fail: [{ drop: true }, { drop: true, when: 'after' }] });
    await assert.rejects(send({ ...text(), biz_opaque_callback_data: 'lost' }));
    await assert.rejects(send({ ...text(), biz_opaque_callback_data: 'taken' }));
    const taken = await read<{ biz_opaque_callback_data: string }>(`${graph}/journal`);
    assert.deepEqual(
      taken.map((entry) => entry.biz_opaque_callback_data),
      ['taken'],
    );
    const [webhook] = await webhooks(1);
    assert.equal(webhook?.status.biz_opaque_callback_data, 'taken');
  });

  it('CHAN-4 reports in any order, a failure too, or not at all', async () => {
    await control({ statuses: 'read,sent' });
    await send(text());
    assert.deepEqual(
      (await webhooks(2)).map(({ status }) => status.status),
      ['read', 'sent'],
    );
    await control({ statuses: 'failed:131047' });
    await send(text());
    const failed = (await webhooks(3))[2];
    assert.equal(failed?.status.errors?.[0]?.code, 131047);
    await control({ statuses: 'none' });
    await send(text());
    await control({ statuses: 'sent' });
    await send(text());
    await webhooks(4);
  });

  it('CHAN-4 repeats a webhook that was not answered 200', async () => {
    await control({ statuses: 'sent' });
    await post(`${sink}/control`, { fail: [{ status: 503 }] });
    await send(text());
    await webhooks(1);
    const tries = await readUntil<{ answered: number; attempt: number }>(`${graph}/webhooks`, 2);
    assert.deepEqual(
      tries.map(({ answered, attempt }) => [answered, attempt]),
      [
        [503, 1],
        [200, 2],
      ],
    );
  });

  it('CHAN-7 gives media by id and then by a link that wants the token', async () => {
    const described = await fetch(`${graph}/v23.0/sample-image`, { headers: { authorization: 'Bearer t' } });
    const { url, mime_type } = (await described.json()) as { url: string; mime_type: string };
    assert.equal(mime_type, 'image/png');
    assert.equal((await fetch(url)).status, 401);
    const file = await fetch(url, { headers: { authorization: 'Bearer t' } });
    assert.equal(file.headers.get('content-type'), 'image/png');
    assert.ok((await file.arrayBuffer()).byteLength > 0);
    assert.equal(
      (await fetch(`${graph}/v23.0/unknown`, { headers: { authorization: 'Bearer t' } })).status,
      400,
    );
  });

  it('CHAN-2 posts a customer’s message as Meta would, with or without a phone number', async () => {
    const said = async (who: object): Promise<string> => {
      await fetch(`${sink}/journal`, { method: 'DELETE' });
      const answer = await post(`${graph}/customer`, { phone_number_id: NUMBER, text: 'مرحبا', ...who });
      assert.equal(((await answer.json()) as { answered: number }).answered, 200);
      return (await read<{ body: string }>(`${sink}/journal`))[0]?.body ?? '';
    };
    const phone = await said({ wa_id: '6281234', name: 'Sari' });
    assert.ok(phone.includes('"from":"6281234"') && phone.includes('"wa_id":"6281234"'));
    assert.ok(phone.includes('\\u0645\\u0631'));
    const hidden = await said({ user_id: 'ID.1349' });
    assert.ok(hidden.includes('"user_id":"ID.1349"') && !hidden.includes('wa_id'));
  });

  it('ESC-5 posts what a person writes in the app as Meta would, signed, under its own field', async () => {
    const asked = { phone_number_id: NUMBER, wa_id: '6281234', text: 'Sebentar' };
    const answer = await post(`${graph}/app`, asked);
    const { id, answered } = (await answer.json()) as { id: string; answered: number };
    assert.equal(answered, 200);
    const [posted] = await read<{ body: string; headers: Record<string, string> }>(`${sink}/journal`);
    const body = posted?.body ?? '';
    assert.equal(
      posted?.headers['x-hub-signature-256'],
      `sha256=${createHmac('sha256', APP_SECRET).update(body).digest('hex')}`,
    );
    const [{ changes }] = (JSON.parse(body) as { entry: [{ changes: unknown[] }] }).entry;
    const [{ field, value }] = changes as [{ field: string; value: { message_echoes: object[] } }];
    assert.equal(field, 'smb_message_echoes');
    const [{ timestamp: _, from: __, ...echo }] = value.message_echoes as [Record<string, unknown>];
    assert.deepEqual(echo, { to: '6281234', id, type: 'text', text: { body: 'Sebentar' } });
  });

  it('CHAN-4 names a setting it does not know', async () => {
    for (const settings of [{ webhok_url: sink }, { statuses: 'sent,seen' }, { status_delay_ms: '5' }]) {
      assert.equal((await post(`${graph}/control`, settings)).status, 400);
    }
  });
});
