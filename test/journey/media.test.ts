import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { openSink } from '../channels/local-sink.ts';
import { dataUrl, makePng, makeWav, sha256 } from './files.ts';
import { genericCustomer } from './generic-customer.ts';
import { eventually, openJourney, rareWord, type Journey } from './open-journey.ts';
import { openSlackWorkspace, shownIn } from './slack-workspace.ts';

describe('journey of files over Slack, the generic channel and the web chat', () => {
  let journey: Journey;
  before(async () => void (journey = await openJourney()));
  after(() => journey?.close());

  async function requestsWith(word: string): Promise<string[]> {
    const { entries } = await journey.model('GET', '/journal?limit=1000');
    return (entries as { request: string }[])
      .map(({ request }) => request)
      .filter((text) => text.includes(word));
  }
  const seen = (word: string, bytes: Buffer) =>
    eventually('the model is shown the picture', async () =>
      (await requestsWith(word)).some((request) => request.includes(dataUrl(bytes))),
    );

  it('CHAN-7 fetches a Slack file with the bot’s token and shows it to the model', async () => {
    const workspace = await openSlackWorkspace(journey, await journey.makeAgent());
    const [word, png] = [rareWord(), makePng()];
    const file = `F${word.toUpperCase()}`;
    const files = { [file]: { mime_type: 'image/png', base64: png.toString('base64') } };
    await journey.standIn('POST', '/slack/control', { files });
    const channel = `C${randomBytes(5).toString('hex').toUpperCase()}`;
    await journey.standIn('POST', '/slack/customer', {
      team: workspace.team,
      channel,
      user: 'U0BUDI',
      text: `look ${word}`,
      files: [{ id: file, name: 'lamp.png' }],
    });
    await seen(`[image lamp.png] look ${word}`, png);
    await eventually('the answer stands in the channel', async () =>
      (await shownIn(journey, workspace, channel)).some(
        ({ bot_id, text }) => bot_id !== undefined && text !== '…',
      ),
    );
  });

  it('CHAN-7 fetches what a gateway’s program names, and remembers it in the next turn', async () => {
    const png = makePng();
    const sink = await openSink((_, response) => void response.end(png));
    try {
      const customer = await genericCustomer(journey);
      const word = rareWord();
      const url = `${journey.stage.standIns}/whatsapp/media-files/none`;
      const media = [{ type: 'image', url, mime_type: 'image/png' }];
      await customer.says(`First ${word}`, { media });
      const [first] = await customer.hears(1);
      assert.match(first?.body.text ?? '', /I did not get what you sent/);
      const inner = [{ type: 'image', url: `http://127.0.0.1:${sink.port}/a.png`, mime_type: 'image/png' }];
      await customer.says(`Second ${word}`, { media: inner });
      const [, second] = await customer.hears(2);
      assert.match(second?.body.text ?? '', /its address may not be called/);
      assert.equal(sink.connections, 0, 'EXT-6: nothing was called');
    } finally {
      await sink.close();
    }
  });

  describe('in the web chat', () => {
    let chat: string;
    let cookie: string;
    beforeEach(async () => {
      const agent = await journey.makeAgent();
      chat = `/chat/${await journey.makeChannel({ kind: 'webchat', agent_id: agent })}`;
      const session = await journey.call('POST', `${chat}/session`, { body: {} });
      cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
    });

    const upload = (bytes: Buffer, type: string, name: string) =>
      journey.call('POST', `${chat}/files?id=${rareWord()}&name=${name}`, {
        body: bytes,
        headers: { cookie, 'content-type': type },
      });
    const conversationOf = async (message: unknown) => {
      const [row] = await journey.sql<{ conversation_id: string }>(
        'select conversation_id from inbox where id = $1',
        [message],
      );
      return row?.conversation_id ?? '';
    };

    it('CHAN-7 shows the model a visitor’s picture, which needs no fetching', async () => {
      const [png, name] = [makePng(), `${rareWord()}.png`];
      const answer = await upload(png, 'image/png', name);
      assert.equal(answer.status, 202);
      await seen(`[image ${name}]`, png);
      const id = answer.body['message_id'] as string;
      const mine = await fetch(`${journey.api}${chat}/files/${id}`, { headers: { cookie } });
      assert.deepEqual(Buffer.from(await mine.arrayBuffer()), png);
    });

    it('CHAN-7 answers what a visitor’s recording says, and says so when it cannot be understood', async () => {
      const wav = makeWav();
      await journey.model('POST', '/control', { transcripts: { [sha256(wav)]: 'My name is Wulandari' } });
      const answer = await upload(wav, 'audio/wav', 'note.wav');
      const conversation = await conversationOf(answer.body['message_id']);
      const replies = async () =>
        (await journey.messages(conversation)).filter(({ from }) => from === 'agent');
      const [reply] = await eventually('an answer', async () => {
        const all = await replies();
        return all.length === 1 && all;
      });
      assert.match(reply?.text ?? '', /Nice to meet you, Wulandari/);
      await upload(makeWav(), 'audio/wav', 'other.wav');
      const [, second] = await eventually('a second answer', async () => {
        const all = await replies();
        return all.length === 2 && all;
      });
      assert.match(second?.text ?? '', /I cannot open what you sent/);
      assert.equal((await requestsWith('which could not be transcribed')).length > 0, true);
    });
  });
});
