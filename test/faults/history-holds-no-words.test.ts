import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { eventually } from './eventually.ts';
import { openHistories, collectTexts } from './histories.ts';
import type { Run } from './histories.ts';
import { openInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { openRecords } from './records.ts';
import type { Records } from './records.ts';
import { openWhatsAppCustomer } from './whatsapp-customer.ts';

const SAID = 'zebrafalcon';
const REPLIED = 'quokkaberry';
const PHONE = '6281234509876';
/** None of it may be found outside Postgres; compared without case. */
const WORDS = {
  'the customer said': [SAID, 'größe🦓', 'تحية'],
  'the model said': [REPLIED],
  'the builder wrote': ['wombatonia', 'numbatina'],
  'the customer is called': ['kanariana'],
  'the customer is reached at': [PHONE, 'room-kiwibird', 'customer-kiwibird'],
};
/** What a careless other side sends along with an error. */
const QUOTING = `could not read "${SAID} größe🦓" of Kanariana, +${PHONE}`;

describe('histories and logs', function () {
  this.timeout(180_000);
  let installation: Installation;
  let records: Records;
  let told = 0;

  before(async () => {
    installation = await openInstallation({ waitSeconds: 0, env: { LOG_LEVEL: 'trace' } });
    records = openRecords(installation.stage.database.ownerUrl);
    await installation.setAgent({
      prompt: 'You are Numbatina. Be brief.',
      fallback_reply: 'Wombatonia is away.',
    });
    await installation.setModel({ script: [{ when: '', reply: `The ${REPLIED} is on its way` }] });
  });

  after(async () => {
    await records?.close();
    await installation?.stage.stop();
  });

  it('DATA-1 hold none of the words, not even after a failing model and failing sends', async () => {
    const { setModel, setStandIn, stage } = installation;
    const script = [{ when: '', reply: `The ${REPLIED} is on its way` }];
    const sink = (fail: object[]) => setStandIn('sink/replies', { fail });

    await say('a plain turn', 'answered');
    await setModel({
      fail: [
        { status: 500, body: { error: { message: QUOTING, type: 'server_error' } } },
        { malformed: true },
        { body: `{"choices": [{"message": {"content": "${SAID}`, status: 200 },
      ],
    });
    await say('a model that fails and comes round', 'answered');
    await setModel({ fail: [{ status: 400, times: 2, body: { error: { message: QUOTING, param: SAID } } }] });
    await say('a model that fails for good', 'answered');
    await setModel({
      fail: [],
      script: [{ when: '', json: `{"core_intent": ${SAID}`, times: 1 }, ...script],
    });
    await say('a model that answers what cannot be parsed', 'answered');
    await sink([
      { status: 500, body: QUOTING },
      { drop: true, when: 'after' },
      { status: 429, headers: { 'retry-after': '1' }, body: { error: QUOTING } },
    ]);
    await say('a receiver that fails and comes round', 'answered');
    await sink([{ status: 404, body: QUOTING }]);
    await say('a receiver that fails for good', 'answer_failed');

    const generic = (await records.messages('room-kiwibird'))[0]?.conversation_id ?? '';
    for (const command of ['take-over', 'hand-back'])
      await installation.ask('operator', 'POST', `/v1/conversations/${generic}/${command}`, {});
    await say('a conversation handed back', 'answered');
    await installation.ask('operator', 'POST', `/v1/conversations/${generic}/resolve`, {});
    await say('a conversation opened again', 'answered');
    const whatsapp = await onWhatsApp();

    const histories = await openHistories(stage.dev());
    try {
      const runs: Run[] = [];
      for (const id of [generic, whatsapp]) runs.push(...(await histories.runs(id)));
      const text = runs.map((run) => run.text).join('\n');
      // Else it was not the history, or nothing failed in it.
      for (const expected of [
        generic,
        whatsapp,
        'composeReply',
        'MODEL_REFUSED',
        'MODEL_UNAVAILABLE',
        'http_500',
      ])
        assert.ok(text.includes(expected), `the histories do not even name ${expected}`);
      holdsNone('the histories', text);
      console.log(
        `      ${runs.length} runs, ${runs.reduce((sum, run) => sum + run.events, 0)} events, ` +
          `${text.length} characters of history without a word of ${Object.values(WORDS).flat().length}`,
      );
    } finally {
      await histories.close();
    }
    for (const name of ['api', 'worker', 'temporal']) {
      const texts = readFileSync(stage.logFile(name), 'utf8').split('\n').flatMap(textsOfLine);
      if (name !== 'temporal') assert.ok(texts.length > 10, `${name} logged nothing`);
      holdsNone(`the log of ${name}`, texts.join('\n'));
    }
  });

  it('DATA-1 would be found if they were there', () => {
    const texts: string[] = [];
    const hidden = Buffer.from(JSON.stringify({ rows: [{ note: `Gr\u00f6ße🦓` }] }).replace('ö', '\\u00f6'));
    collectTexts({ events: [{ input: { payloads: [{ data: new Uint8Array(hidden) }] } }] }, texts);
    assert.throws(() => holdsNone('this', texts.join('\n')), /größe/);
    assert.throws(() => holdsNone('this', installation.stage.dev().keys.gateway), /secret/);
  });

  /** A message with everything in it that must stay in Postgres; resolves once it is settled so. */
  async function say(what: string, reason: string): Promise<void> {
    told += 1;
    const { channels } = installation.stage.dev();
    const id = `kiwibird/${told}`;
    await installation.ask('gateway', 'POST', `/v1/channels/${channels.generic}/messages`, {
      id,
      room: 'room-kiwibird',
      customer: { id: 'customer-kiwibird', name: 'Kanariana', phone: `+${PHONE}` },
      text: `${SAID} Größe🦓 تحية "quoted" \\ {brace} #${told}`,
    });
    const settled = await eventually(what, async () => {
      const rows = await records.messages('room-kiwibird');
      return rows.find((row) => row.provider_message_id === id && row.settled_reason !== null);
    });
    assert.equal(settled.settled_reason, reason, what);
  }

  /** One send that Meta refuses for good, one that goes well. @returns the conversation's id */
  async function onWhatsApp(): Promise<string> {
    const customer = await openWhatsAppCustomer(installation, PHONE);
    await installation.setStandIn('whatsapp', { fail: [{ code: 131047 }] });
    await customer.write(`${SAID} Größe🦓`);
    const states = () =>
      records.pool.query<{ conversation_id: string; state: string }>(
        `select conversation_id, state from outbound o join conversations c on c.id = o.conversation_id
         where c.channel = 'whatsapp' order by o.planned_at`,
      );
    await eventually('the refused send is failed', async () => (await states()).rows[0]?.state === 'failed');
    await customer.write(`${SAID} again`);
    const { conversation_id: id } = await eventually('the second is read', async () =>
      (await states()).rows.find((row) => row.state === 'read'),
    );
    return id;
  }

  function holdsNone(where: string, text: string): void {
    const searched = text.toLowerCase();
    for (const [what, words] of Object.entries(WORDS)) {
      for (const word of words)
        assert.ok(!searched.includes(word), `${where} tell what ${what}: ${around(searched, word)}`);
    }
    const { keys, secrets } = installation.stage.dev();
    for (const [name, secret] of Object.entries<string | null>({ ...keys, ...secrets }))
      assert.ok(secret === null || !text.includes(secret), `${where} hold the secret ${name}`);
  }
});

function around(text: string, word: string): string {
  const at = text.indexOf(word);
  return `${word} in "${text.slice(Math.max(at - 200, 0), at + 100)}"`;
}

function textsOfLine(line: string): string[] {
  const texts = [line];
  try {
    collectTexts(JSON.parse(line), texts);
  } catch {
    // A line that is no JSON is searched as it is.
  }
  return texts;
}
