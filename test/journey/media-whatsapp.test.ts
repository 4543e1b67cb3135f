import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import type { ConversationView } from '../../contract/conversation.ts';
import { conversationWorkflowId } from '../../contract/ids.ts';
import { dataUrl, makePng, makeWav, sha256 } from './files.ts';
import { everyEvent, summaryOf, wordsIn } from './history-words.ts';
import { deliver, openMetaNumber, sentOver, webhook, type MetaNumber } from './meta.ts';
import { eventually, openJourney, rareWord, type Journey } from './open-journey.ts';

interface Asked {
  messages: {
    role: string;
    content: string | { type: string; text?: string; image_url?: { url: string } }[];
  }[];
}

describe('journey of files over WhatsApp', () => {
  let journey: Journey;
  let number: MetaNumber;
  let agent: string;
  before(async () => {
    journey = await openJourney();
    agent = await journey.makeAgent({ tool_assignments: ['lamps', 'refunds'] });
    number = await openMetaNumber(journey, agent);
  });
  after(() => journey?.close());
  afterEach(() => journey.standIn('POST', '/whatsapp/control', { fail: [] }));

  const put = (id: string, bytes: Buffer, mime_type: string) =>
    journey.standIn('POST', '/whatsapp/control', {
      media: { [id]: { mime_type, base64: bytes.toString('base64') } },
    });

  /** A customer of their own sends something; what came of it is asked by the returned word. */
  async function sends(type: string, content: object, customer = `62${randomBytes(5).readUIntBE(0, 5)}`) {
    const id = `wamid.${rareWord()}`;
    const value = {
      contacts: [{ profile: { name: 'Sari' }, wa_id: customer }],
      messages: [
        { from: customer, id, timestamp: String(Math.floor(Date.now() / 1000)), type, [type]: content },
      ],
    };
    assert.equal((await deliver(journey, number, webhook(number, value))).status, 200);
    const [row] = await journey.sql<{ id: string; conversation_id: string }>(
      'select id, conversation_id from inbox where provider_message_id = $1',
      [id],
    );
    assert.ok(row);
    return { customer, messageId: row.id, conversation: row.conversation_id };
  }

  const answersTo = (customer: string, count = 1) =>
    eventually(`${count} answers reach the customer`, async () => {
      const sent = (await sentOver(journey, number)).filter(({ to }) => to === customer);
      return sent.length === count && sent.map(({ body }) => body.text.body);
    });

  /** What the model was asked, of the requests that hold the word. */
  async function askedWith(word: string): Promise<Asked[]> {
    const { entries } = await journey.model('GET', '/journal?limit=1000');
    return (entries as { request: string }[])
      .filter(({ request }) => request.includes(word))
      .map(({ request }) => JSON.parse(request) as Asked);
  }
  const fileOf = async (conversation: string, messageId: string) => {
    const answer = await journey.call('GET', `/v1/conversations/${conversation}/messages`, { as: 'viewer' });
    const all = answer.body['data'] as { id: string; text: string; media?: Record<string, unknown> }[];
    return all.find(({ id }) => id === messageId);
  };

  it('CHAN-6 (ESC Task 2.4) shows the model the picture that came with a caption, and keeps it to its topics', async () => {
    const [png, word] = [makePng(), rareWord()];
    await put(word, png, 'image/png');
    const { customer, conversation, messageId } = await sends('image', {
      id: word,
      mime_type: 'image/png',
      caption: `What is ${word}?`,
    });
    const [answer] = await answersTo(customer);
    assert.match(answer ?? '', new RegExp(`image/png, ${png.length} bytes`));
    const [asked] = await askedWith(`What is ${word}?`);
    const system = asked?.messages[0]?.content;
    assert.ok(typeof system === 'string' && system.includes('Handle only these topics: lamps, refunds'));
    assert.deepEqual(asked?.messages.at(-1)?.content, [
      { type: 'text', text: `[image] What is ${word}?` },
      { type: 'image_url', image_url: { url: dataUrl(png) } },
    ]);

    const shown = await fileOf(conversation, messageId);
    assert.deepEqual(shown?.media, {
      id: messageId,
      type: 'image',
      mime_type: 'image/png',
      name: null,
      size: png.length,
      state: 'stored',
      reason: null,
      transcript: null,
    });
    const path = `/v1/conversations/${conversation}/media/${messageId}`;
    const { viewer } = journey.stage.dev().keys;
    const file = await fetch(journey.api + path, { headers: { authorization: `Bearer ${viewer}` } });
    assert.deepEqual(Buffer.from(await file.arrayBuffer()), png);
    assert.match(file.headers.get('content-disposition') ?? '', /^attachment/);
    const trace = await journey.steps(conversation);
    assert.ok(!JSON.stringify(trace).includes('base64'), 'the trace names the picture and holds no bytes');
  });

  it('CHAN-7 has a voice note written down once, and answers what it says', async () => {
    const [wav, word] = [makeWav(), rareWord()];
    const said = `Where is my order ${word} 4711?`;
    await put(word, wav, 'audio/wav');
    await journey.model('POST', '/control', {
      transcripts: { [sha256(wav)]: said },
      fail: [{ match: '/v1/audio/transcriptions', status: 503, times: 1 }],
    });
    const { customer, conversation, messageId } = await sends('audio', {
      id: word,
      mime_type: 'audio/wav',
      voice: true,
    });
    await answersTo(customer);
    const [asked] = await askedWith(`transcript: \\"${said}`);
    assert.equal(asked?.messages.at(-1)?.content, `[audio, transcript: "${said}"]`);
    assert.equal((await fileOf(conversation, messageId))?.media?.['transcript'], said);
    const heard = (await journey.steps(conversation)).filter(({ kind }) => kind === 'transcribe');
    assert.deepEqual(
      heard.map(({ failure }) => failure),
      ['MODEL_UNAVAILABLE', null],
    );

    await sends('text', { body: `And ${word} again` }, customer);
    await answersTo(customer, 2);
    const later = (await askedWith(`And ${word} again`)).at(-1);
    assert.ok(
      later?.messages.some(({ content }) => content === `[audio, transcript: "${said}"]`),
      'it is remembered by its transcript',
    );
    assert.equal((await askedWith(sha256(wav))).length, 1, 'and heard once');
  });

  it('CHAN-7 goes by the name of a document, and says that an unknown kind cannot be read', async () => {
    const word = rareWord();
    await put(word, Buffer.from('%PDF-1.7 secret words'), 'application/pdf');
    const { customer } = await sends('document', {
      id: word,
      mime_type: 'application/pdf',
      filename: `${word}.pdf`,
    });
    await answersTo(customer);
    const [asked] = await askedWith(`[document ${word}.pdf]`);
    assert.ok(!JSON.stringify(asked).includes('secret words'));

    const { customer: other, conversation } = await sends('contacts', [
      { name: { formatted_name: word } },
    ] as object);
    await answersTo(other);
    const [message] = await journey.messages(conversation);
    assert.deepEqual(
      [message?.kind, message?.text],
      ['unsupported', '[a message of a kind that cannot be read here: contacts]'],
    );
  });

  it('CHAN-7 tells the customer the truth about a file that cannot be had', async () => {
    const word = rareWord();
    const gone = await sends('image', { id: word, mime_type: 'image/png', caption: word });
    const [answer] = await answersTo(gone.customer);
    assert.match(answer ?? '', /I did not get what you sent: it is no longer there/);
    assert.equal((await fileOf(gone.conversation, gone.messageId))?.media?.['reason'], 'gone');

    const lying = rareWord();
    await put(lying, Buffer.from('<html><script>alert(1)</script>'), 'image/png');
    const html = await sends('image', { id: lying, mime_type: 'image/png', caption: lying });
    assert.match((await answersTo(html.customer))[0] ?? '', /files of its type are not taken here/);
    const stored = await journey.sql('select bytes from media where message_id = $1', [html.messageId]);
    assert.deepEqual(stored, [{ bytes: null }]);
  });

  it('CHAN-7 tries a provider that is away again, and then goes on without the file', async function () {
    this.timeout(60_000);
    const [word, png] = [rareWord(), makePng()];
    await put(word, png, 'image/png');
    await journey.standIn('POST', '/whatsapp/control', { fail: [{ match: word, status: 500, times: 3 }] });
    const away = await sends('image', { id: word, mime_type: 'image/png', caption: word });
    assert.match((await answersTo(away.customer))[0] ?? '', /it could not be fetched/);
    const found = await fileOf(away.conversation, away.messageId);
    assert.deepEqual([found?.media?.['state'], found?.media?.['reason']], ['refused', 'unavailable']);
  });

  it('CHAN-7 falls back to words where the endpoint takes no pictures, or the agent is not to see', async () => {
    const word = rareWord();
    await put(word, makePng(), 'image/png');
    await journey.model('POST', '/control', { fail: [{ match: 'data:image/png', status: 400, times: 1 }] });
    const { customer, conversation } = await sends('image', {
      id: word,
      mime_type: 'image/png',
      caption: word,
    });
    assert.equal((await answersTo(customer)).length, 1);
    const steps = await journey.steps(conversation);
    assert.deepEqual(
      steps.map(({ kind, failure }) => [kind, failure]),
      [
        ['answer', 'MODEL_REFUSED'],
        ['answer', null],
      ],
    );
    assert.equal((await askedWith(`[image] ${word}`)).at(-1)?.messages.at(-1)?.content, `[image] ${word}`);

    await journey.call('PATCH', `/v1/agents/${agent}`, { as: 'builder', body: { model_sees_images: false } });
    const blind = rareWord();
    await put(blind, makePng(), 'image/png');
    const second = await sends('image', { id: blind, mime_type: 'image/png', caption: blind });
    await answersTo(second.customer);
    for (const asked of await askedWith(blind))
      assert.equal(asked.messages.at(-1)?.content, `[image] ${blind}`);
    await journey.call('PATCH', `/v1/agents/${agent}`, { as: 'builder', body: { model_sees_images: true } });
  });

  it('CHAN-7 fetches also what is sent to a person, who wants to see it', async () => {
    const { customer, conversation } = await sends('text', { body: 'Hello' });
    await answersTo(customer);
    const taken = await journey.call('POST', `/v1/conversations/${conversation}/take-over`, {
      as: 'operator',
      body: {},
    });
    assert.equal(taken.status, 200);
    const [word, png] = [rareWord(), makePng()];
    await put(word, png, 'image/png');
    const { messageId } = await sends('image', { id: word, mime_type: 'image/png' }, customer);
    await eventually(
      'the picture is there',
      async () => (await fileOf(conversation, messageId))?.media?.['state'] === 'stored',
    );
    assert.equal((await answersTo(customer)).length, 1, 'the agent says nothing');
  });

  it('CONV-1 (CHAN-7) answers who writes behind the end, though a file for the people is still being fetched', async () => {
    const { customer, conversation } = await sends('text', { body: 'Hello' });
    await answersTo(customer);
    const operate = (what: string) =>
      journey.call('POST', `/v1/conversations/${conversation}/${what}`, { as: 'operator', body: {} });
    assert.equal((await operate('take-over')).status, 200);
    const word = rareWord();
    await journey.standIn('POST', '/whatsapp/control', { fail: [{ match: word, hold: true, times: -1 }] });
    await sends('image', { id: word, mime_type: 'image/png' }, customer);
    const doing = async () => {
      const handle = journey.client.workflow.getHandle(conversationWorkflowId(conversation));
      return (await handle.query<ConversationView>('getState')).doing;
    };
    await eventually('the file is being fetched', async () => {
      const events = await everyEvent(journey.client, conversationWorkflowId(conversation));
      return events.map(wordsIn).join().includes('fetchMedia');
    });
    assert.equal((await operate('resolve')).status, 200);
    await eventually('it is closing', async () => (await doing()) === 'closing');
    await sends('text', { body: 'And another thing' }, customer);
    await answersTo(customer, 2);
  });

  it('DATA-1 leaves no word of a file in the history, which shows its fetching', async () => {
    const [wav, word] = [makeWav(), rareWord()];
    await put(word, wav, 'audio/wav');
    await journey.model('POST', '/control', { transcripts: { [sha256(wav)]: `I said ${word}s` } });
    const { customer, conversation } = await sends('audio', { id: word, mime_type: 'audio/wav' });
    await answersTo(customer);
    const events = await everyEvent(journey.client, conversationWorkflowId(conversation));
    assert.ok(events.map(summaryOf).includes('turn 1: a file'));
    const text = events.map(wordsIn).join('\n');
    assert.ok(text.includes('fetchMedia'));
    for (const held of [word, 'audio/wav', wav.toString('base64').slice(60, 90)])
      assert.ok(!text.includes(held), `the history holds ${held}`);
    const activities = events.filter((event) => event.activityTaskScheduledEventAttributes);
    assert.equal(activities.length, 3, 'the take that found a file, its fetching, the answer');
  });
});
