import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { genericCustomer, type GenericCustomer } from '../journey/generic-customer.ts';
import { deliver, openMetaNumber, sentOver, webhook, type MetaNumber } from '../journey/meta.ts';
import { eventually, openJourney, rareWord, type Journey } from '../journey/open-journey.ts';
import { hostileRequests, type HostileRequest } from './hostile-requests.ts';

const MEGABYTE = 1024 * 1024;

describe('bad input on the running product', () => {
  let journey: Journey;
  let number: MetaNumber;
  let bystander: GenericCustomer;
  let requests: HostileRequest[];
  const marker = rareWord();
  before(async () => {
    journey = await openJourney();
    bystander = await genericCustomer(journey);
    number = await openMetaNumber(journey, bystander.agent);
    await bystander.says('I was here before');
    await bystander.hears(1);
    await bystander.isDone();
    requests = hostileRequests({
      generic: bystander.channel,
      webchat: journey.stage.dev().channels.webchat,
      number,
      room: bystander.room,
      marker,
    });
  });
  after(() => journey?.close());

  const says = (message: object, contact: object = {}) =>
    deliver(
      journey,
      number,
      webhook(number, {
        contacts: [{ profile: { name: 'Mallory' }, wa_id: '6281234500001', ...contact }],
        messages: [{ from: '6281234500001', timestamp: String(Math.floor(Date.now() / 1000)), ...message }],
      }),
    );
  const wamid = () => `wamid.${randomBytes(20).toString('base64url')}`;

  const everything = async () => {
    const [counts] = await journey.sql(
      `select (select count(*) from inbox) as inbox, (select count(*) from outbound) as outbound,
              (select count(*) from contacts) as contacts, (select count(*) from conversations) as conversations`,
    );
    return { counts, bystander: await journey.messages(bystander.conversation()) };
  };

  it('CONV-2 answers every hostile request with a clear 4xx, and stores and tells nothing of it', async () => {
    const before = await everything();
    const pids = journey.stage.pids();
    for (const { what, wanted, send } of requests) {
      const answer = await send(journey);
      assert.ok(wanted.includes(answer.status), `${what}: ${answer.status} ${answer.text.slice(0, 200)}`);
      assert.ok(!answer.text.includes(marker), `${what}: the answer quotes the request`);
      if (answer.status !== 431) {
        assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, what);
        assert.equal(answer.body['status'], answer.status, what);
        assert.ok(answer.body['request_id'], what);
      }
      if (answer.status === 422) {
        const errors = answer.body['errors'] as { field: string; message: string }[];
        assert.ok(errors.length > 0 && errors.every(({ message }) => message.length > 0), what);
      }
    }
    assert.deepEqual(await everything(), before);
    assert.deepEqual(journey.stage.pids(), pids);
  });

  it('CHAN-7 records kinds of message it does not know as unsupported, and answers them politely', async () => {
    const ids = [wamid(), wamid(), wamid()] as const;
    assert.equal((await says({ id: ids[0], type: 'hologram', hologram: { id: '1' } })).status, 200);
    const unsupported = { id: ids[1], type: 'unsupported', errors: [{ code: 131051, title: 'Unsupported' }] };
    assert.equal((await says(unsupported)).status, 200);
    assert.equal((await says({ id: ids[2], type: 'text' })).status, 200, 'a text without its body');
    const hologram = { type: 'hologram', url: 'https://a.example/h', mime_type: 'x/hologram' };
    const posted = await bystander.post({
      id: ids[0],
      room: marker,
      customer: { id: marker },
      media: [hologram],
    });
    assert.equal(posted.status, 202);

    const rows = await journey.sql<{ body: unknown }>(
      'select body from inbox where provider_message_id = any ($1) order by seq',
      [ids],
    );
    assert.equal(rows.length, 4);
    assert.ok(
      rows.every(({ body }) => (body as { kind: string }).kind === 'unsupported'),
      JSON.stringify(rows),
    );
    await eventually('they are answered', async () => (await sentOver(journey, number)).length > 0);
    await eventually('so is the other', async () => (await bystander.arrived()).length === 2);
  });

  it('CHAN-1 stores what Postgres cannot hold without it, and ignores what has no id or sender', async () => {
    const id = wamid();
    const odd = { id, type: 'text', text: { body: 'a\0b\ud800c' } };
    assert.equal((await says(odd, { profile: { name: 'N\0\udfff' } })).status, 200);
    const [row] = await journey.sql<{ body: { text: string } }>(
      'select body from inbox where provider_message_id = $1',
      [id],
    );
    assert.equal(row?.body.text, 'a\ufffdb\ufffdc');
    // Its answer adds rows of its own; only when nothing is under way does a count stand still.
    await eventually('all earlier messages are answered', async () => {
      const open = await journey.sql('select from inbox where settled_at is null');
      const waiting = await journey.sql(`select from outbound where state in ('planned', 'sending')`);
      return open.length + waiting.length === 0;
    });

    const before = (await everything()).counts;
    for (const message of [
      { id: wamid(), from: undefined, type: 'text', text: { body: marker } },
      { id: undefined, type: 'text', text: { body: marker } },
      { id: `wamid.${'x'.repeat(100_000)}`, type: 'text', text: { body: marker } },
      { id: wamid(), from: '6'.repeat(100_000), type: 'text', text: { body: marker } },
    ]) {
      const answer = await deliver(journey, number, webhook(number, { messages: [message] }));
      assert.equal(answer.status, 200, 'Meta would send it again for days');
    }
    assert.deepEqual((await everything()).counts, before);
  });

  it('CONV-3 clamps a message from the future, so that it stays before what comes later', async () => {
    const customer = await genericCustomer(journey, { wait_time_seconds: 1 });
    await customer.says('from the future', { at: '2099-12-31T23:59:59Z' });
    await customer.says('from the distant past', { at: '1970-01-01T00:00:01+00:00' });
    await customer.says('from now', { at: new Date(Date.now() + 1000).toISOString() });
    const [reply] = await customer.hears(1);
    assert.equal(reply?.body.in_reply_to.length, 3);
    const transcript = await journey.messages(customer.conversation());
    assert.deepEqual(
      transcript.slice(0, 3).map(({ text }) => text),
      ['from the distant past', 'from the future', 'from now'],
    );
    assert.ok(transcript.every(({ at }) => Date.parse(at) <= Date.now()));
  });

  it('CONV-2 keeps its memory and its processes through hundreds of hostile requests', async function () {
    const { api } = journey.stage.pids();
    const before = await everything();
    const pids = journey.stage.pids();
    if (residentBytes(api ?? 0) === null) return this.skip();
    // Garbage is collected when it suits the engine, so the size of one moment says little; what is held on to
    // makes every round larger, and then none of them stands still.
    const growths: number[] = [];
    await storm(2);
    do {
      const size = residentBytes(api ?? 0) ?? 0;
      await storm(3);
      growths.push(((residentBytes(api ?? 0) ?? 0) - size) / MEGABYTE);
    } while ((growths.at(-1) ?? 0) > 5 && growths.length < 8);
    const figures = growths.map((growth) => growth.toFixed(1)).join(', ');
    console.log(`      memory of the api, in MB more with every ${3 * requests.length} requests: ${figures}`);
    assert.ok((growths.at(-1) ?? 0) <= 5, `it grows for ever: ${figures}`);
    assert.ok(growths.reduce((sum, growth) => sum + growth, 0) < 150, `it grows too much: ${figures}`);
    assert.deepEqual(journey.stage.pids(), pids);
    assert.deepEqual(await everything(), before);
    await bystander.says('I am still here');
    await eventually('the bystander is answered', async () => (await bystander.arrived()).length === 3);
  });

  it('TEN-3 writes nothing of it into a log', () => {
    for (const name of ['api', 'worker']) {
      const log = readFileSync(journey.stage.logFile(name), 'utf8');
      assert.ok(log.length > 0 && !log.includes(marker), name);
    }
  });

  async function storm(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (let from = 0; from < requests.length; from += 8) {
        const answers = await Promise.all(requests.slice(from, from + 8).map(({ send }) => send(journey)));
        assert.ok(answers.every(({ status }) => status >= 400 && status < 500));
      }
    }
  }
});

/** Null where this machine does not tell. */
function residentBytes(pid: number): number | null {
  const file = `/proc/${pid}/status`;
  try {
    const kilobytes = existsSync(file)
      ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'))?.[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}
