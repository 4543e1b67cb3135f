import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import {
  CONTACT_WITHOUT_PHONE,
  MESSAGES,
  PHONE_NUMBER_ID,
  echo,
  envelope,
  withEchoes,
  withMessages,
  withStatuses,
} from '../../adapters/channels/whatsapp/fixtures/inbound.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { APP_SECRET, VERIFY_TOKEN } from './fake-world.ts';
import { openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

describe('the WhatsApp webhook', () => {
  let stage: ApiStage;
  beforeEach(async () => {
    stage = await openApiStage();
    for (const integration of stage.world.integrations.values())
      if (integration.kind === 'whatsapp') integration.settings['phone_number_id'] = PHONE_NUMBER_ID;
  });
  afterEach(() => stage.close());

  const sign = (body: string, secret = APP_SECRET) =>
    `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const post = (
    body: string,
    signature: string | null = sign(body),
    channel = stage.here.channels.whatsapp,
  ) =>
    fetch(`${stage.url}/webhooks/whatsapp/${channel}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        ...(signature === null ? {} : { 'x-hub-signature-256': signature }),
      },
    });
  const hello = JSON.stringify(envelope(withMessages([MESSAGES.text])));

  it('CHAN-2 answers the handshake with the bare challenge, and 403 to a wrong token', async () => {
    const ask = (token: string) =>
      fetch(
        `${stage.url}/webhooks/whatsapp/${stage.here.channels.whatsapp}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`,
      );
    const right = await ask(VERIFY_TOKEN);
    assert.equal(right.status, 200);
    assert.match(right.headers.get('content-type') ?? '', /^text\/plain/);
    assert.equal(await right.text(), '1158201444');
    assert.equal((await ask('wrong')).status, 403);
    assert.equal(stage.world.refused.length, 1);
  });

  it('CONV-2 has every message and status of a batch on disk before the 200, and signals the messages', async () => {
    const status = { id: 'wamid.out', status: 'read', timestamp: '1771234567', recipient_id: '1' };
    const messages = [MESSAGES.text, MESSAGES.image, MESSAGES.quotedText].map((message, index) => ({
      ...message,
      id: `wamid.${index}`,
    }));
    const body = JSON.stringify(
      envelope(withMessages(messages.slice(0, 2)), withStatuses(status), withMessages(messages.slice(2))),
    );
    const answer = await post(body);
    assert.equal(answer.status, 200);
    assert.deepEqual(
      stage.world.stored.map(({ message }) => message.providerMessageId),
      ['wamid.0', 'wamid.1', 'wamid.2'],
    );
    assert.deepEqual(
      stage.world.statuses.map(({ state }) => state),
      ['read'],
    );
    assert.equal(stage.world.signals.length, 3);
  });

  it('CONV-1 stores a webhook delivered 50 times at once a single time', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(hello)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(stage.world.stored.length, 1);
  });

  it('CHAN-7 takes every documented kind, kinds nobody knows and a customer without a phone number', async () => {
    for (const message of Object.values(MESSAGES))
      assert.equal((await post(JSON.stringify(envelope(withMessages([message]))))).status, 200);
    const { from: _, ...nameless } = { ...MESSAGES.text, id: 'wamid.nameless' } as Record<string, unknown>;
    const unknown = { ...nameless, type: 'telepathy', text: undefined };
    const body = JSON.stringify(envelope(withMessages([unknown], CONTACT_WITHOUT_PHONE)));
    assert.equal((await post(body)).status, 200);
    const last = stage.world.stored.at(-1)?.message;
    assert.deepEqual(last?.content, { kind: 'unsupported', type: 'telepathy' });
    assert.deepEqual(last.customer.ids, [CONTACT_WITHOUT_PHONE.user_id]);
  });

  it('ESC-5 takes what a person wrote in the app by a signed webhook, and from nobody else', async () => {
    const body = JSON.stringify(withEchoes(echo('text', { text: { body: 'Sebentar ya' } })));
    assert.equal((await post(body, sign(body, 'another secret'))).status, 401);
    assert.deepEqual(stage.world.repliesFromApp, []);
    assert.equal((await post(body)).status, 200);
    assert.deepEqual(
      stage.world.repliesFromApp.map(({ providerMessageId }) => providerMessageId),
      ['wamid.echo.text'],
    );
    assert.deepEqual([stage.world.stored, stage.world.signals], [[], []], 'no message of a customer');
    stage.world.away = true;
    assert.equal((await post(body)).status, 503);
  });

  it('CHAN-2 refuses a forged, foreign, absent or re-serialised signature, stores nothing and writes it down', async () => {
    const emoji = hello.replace('🙏', '\\ud83d\\ude4f');
    const cases: [string, string | null][] = [
      [hello, sign(hello, 'another secret')],
      [hello, null],
      [hello, 'sha256=00'],
      [hello, sign(hello).replace('sha256=', 'sha1=')],
      [emoji, sign(JSON.stringify(JSON.parse(emoji)))],
    ];
    for (const [body, signature] of cases) assert.equal((await post(body, signature)).status, 401);
    assert.equal(stage.world.stored.length, 0);
    assert.equal(stage.world.signals.length, 0);
    assert.equal(stage.world.refused.length, cases.length);
    assert.deepEqual(stage.world.refused[0], {
      organisationId: stage.here.id,
      action: 'webhook.refused',
      subject: stage.here.channels.whatsapp,
      from: '127.0.0.1',
      detail: { reason: 'signature' },
    });
  });

  it('CHAN-2 checks with the secret of the integration that is addressed', async () => {
    const other = stage.world.integrations.get(stage.there.channels.whatsapp);
    if (other !== undefined) other.secrets['app_secret'] = 'theirs';
    assert.equal((await post(hello, sign(hello), stage.there.channels.whatsapp)).status, 401);
    assert.equal((await post(hello, sign(hello, 'theirs'))).status, 401);
    assert.equal(stage.world.stored.length, 0);
  });

  it('CHAN-2 does not let a flood of forgeries become a flood of audit entries', async () => {
    for (let time = 0; time < 60; time += 1) assert.equal((await post(hello, null)).status, 401);
    assert.equal(stage.world.refused.length, 20);
    stage.world.advance(10_000);
    await post(hello, null);
    assert.deepEqual(stage.world.refused.at(-1)?.detail, {
      reason: 'signature',
      refused_since_last_entry: 40,
    });
  });

  it('CHAN-2 refuses a forgery also while the refusal cannot be written down', async () => {
    await post(hello);
    stage.world.away = true;
    assert.equal((await post(hello, null)).status, 401);
  });

  it('CHAN-2 answers 404 for an integration that is unknown or of another kind', async () => {
    assert.equal((await post(hello, sign(hello), stage.here.channels.generic)).status, 404);
    assert.equal((await post(hello, sign(hello), '00000000-0000-4000-8000-000000000000')).status, 404);
  });

  it('CHAN-1 answers 400 to what is signed but no webhook of WhatsApp', async () => {
    for (const body of ['', 'nonsense', '[]', '{"object":"page","entry":[]}'])
      assert.equal((await post(body)).status, 400, body);
  });

  it('CONV-2 answers 503 while the store is away, and stores the rest of a batch when it comes again', async () => {
    const batch = JSON.stringify(
      envelope(withMessages([MESSAGES.text, { ...MESSAGES.text, id: 'wamid.b' }])),
    );
    stage.world.beforeReceive = ({ providerMessageId }) => {
      if (providerMessageId === 'wamid.b') throw new ParleyFailure('STORE_UNAVAILABLE');
    };
    const answer = await post(batch);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '2');
    stage.world.beforeReceive = () => undefined;
    assert.equal((await post(batch)).status, 200);
    assert.deepEqual(
      stage.world.stored.map(({ message }) => message.providerMessageId),
      ['wamid.text', 'wamid.b'],
    );
    assert.equal(stage.world.signals.length, 2);
  });

  it('CONV-2 stores what it can of a batch with one row that cannot be stored, and says 500', async () => {
    stage.world.beforeReceive = ({ providerMessageId }) => {
      if (providerMessageId === 'wamid.text') throw new Error('no');
    };
    const batch = JSON.stringify(
      envelope(withMessages([MESSAGES.text, { ...MESSAGES.text, id: 'wamid.b' }])),
    );
    assert.equal((await post(batch)).status, 500);
    assert.deepEqual(
      stage.world.stored.map(({ message }) => message.providerMessageId),
      ['wamid.b'],
    );
  });
});
