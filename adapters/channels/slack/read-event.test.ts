import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { readEvent } from './read-event.ts';

const TS = '1771236000.123456';
const SAID = { type: 'message', channel: 'C0SHOP', user: 'U0DEWI', text: 'Halo', ts: TS };

function envelope(event: object, more: object = {}) {
  return {
    type: 'event_callback',
    team_id: 'T0SHOP',
    event_id: 'Ev1',
    authorizations: [{ team_id: 'T0SHOP', user_id: 'U0BOT', is_bot: true }],
    event,
    ...more,
  };
}

function read(event: object, more: object = {}) {
  const result = readEvent(envelope(event, more));
  return result.kind === 'messages' ? result.messages : result;
}

describe('events of Slack', () => {
  it('CHAN-1 reads a message: the thread is the room, the person the customer', () => {
    assert.deepEqual(read({ ...SAID, user_profile: { real_name: 'Dewi Sari' } }), [
      {
        providerMessageId: 'T0SHOP:Ev1',
        room: `T0SHOP:C0SHOP:${TS}`,
        customer: { ids: ['U0DEWI'], name: 'Dewi Sari' },
        sentAt: new Date(1771236000123),
        content: { kind: 'text', text: 'Halo' },
      },
    ]);
  });

  it('CHAN-1 keeps an answer in the thread it was given in', () => {
    const messages = read({ ...SAID, ts: '1771236009.000100', thread_ts: TS });
    assert.ok(Array.isArray(messages));
    assert.equal(messages[0]?.room, `T0SHOP:C0SHOP:${TS}`);
    assert.deepEqual(messages[0].sentAt, new Date(1771236009000));
  });

  it('CONV-1 knows an event by workspace and event id, and both events of one mention by the message', () => {
    const idOf = (event: object, more: object = {}) => {
      const messages = read(event, more);
      return Array.isArray(messages) ? messages[0]?.providerMessageId : undefined;
    };
    assert.equal(idOf(SAID, { event_id: 'Ev2' }), 'T0SHOP:Ev2');
    const mention = { ...SAID, text: '<@U0BOT> where is my order?' };
    const twice = [
      idOf(mention, { event_id: 'Ev3' }),
      idOf({ ...mention, type: 'app_mention' }, { event_id: 'Ev4' }),
    ];
    assert.deepEqual(twice, [`T0SHOP:C0SHOP:${TS}`, `T0SHOP:C0SHOP:${TS}`]);
    assert.equal(
      idOf({ ...mention, type: 'app_mention' }, { authorizations: undefined }),
      `T0SHOP:C0SHOP:${TS}`,
    );
    assert.equal(idOf(SAID, { event_id: undefined }), `T0SHOP:C0SHOP:${TS}`);
  });

  it('CHAN-1 ignores programs, ourselves among them, and everything that is no new message', () => {
    const nothings: object[] = [
      { ...SAID, bot_id: 'B0BOT' },
      { ...SAID, user: 'U0BOT' },
      { ...SAID, subtype: 'bot_message' },
      { ...SAID, subtype: 'message_changed', message: SAID },
      { ...SAID, subtype: 'message_deleted' },
      { ...SAID, subtype: 'channel_join' },
      { ...SAID, text: '' },
      { ...SAID, text: '<@U0BOT>' },
      { ...SAID, user: undefined },
      { ...SAID, channel: undefined },
      { ...SAID, ts: 'yesterday' },
      { type: 'reaction_added', user: 'U0DEWI', item: { channel: 'C0SHOP', ts: TS } },
      {},
    ];
    for (const event of nothings) assert.deepEqual(read(event), { kind: 'ignored' }, JSON.stringify(event));
  });

  it('CHAN-7 reads files as what they are, the words as the caption of the first', () => {
    const file = (id: string, mimetype: string) => ({
      id,
      mimetype,
      name: `${id}.x`,
      url_private: `https://f/${id}`,
    });
    const files = [file('F1', 'image/png'), file('F2', 'application/pdf'), { mode: 'hidden_by_limit' }];
    const messages = read({ ...SAID, subtype: 'file_share', files });
    assert.ok(Array.isArray(messages));
    const [about, url] = [(id: string) => `${id}.x`, (id: string) => `https://f/${id}`];
    assert.deepEqual(
      messages.map(({ providerMessageId, content }) => [providerMessageId, content]),
      [
        [
          'T0SHOP:Ev1',
          {
            kind: 'image',
            mediaId: 'F1',
            url: url('F1'),
            mimeType: 'image/png',
            fileName: about('F1'),
            caption: 'Halo',
          },
        ],
        [
          'T0SHOP:Ev1#2',
          {
            kind: 'document',
            mediaId: 'F2',
            url: url('F2'),
            mimeType: 'application/pdf',
            fileName: about('F2'),
          },
        ],
        ['T0SHOP:Ev1#3', { kind: 'unsupported', type: 'file' }],
      ],
    );
  });

  it('CHAN-7 loses no words that come with a file nobody can read', () => {
    const messages = read({ ...SAID, subtype: 'file_share', files: [{ mode: 'tombstone' }] });
    assert.ok(Array.isArray(messages));
    assert.deepEqual(
      messages.map(({ content }) => content),
      [
        { kind: 'text', text: 'Halo' },
        { kind: 'unsupported', type: 'file' },
      ],
    );
  });

  it('CHAN-5 recognises a placeholder of ours, by the id of its block', () => {
    const placeholderId = 'a0a0a0a0-0000-4000-8000-000000000001';
    const echoOf = (block_id: string) =>
      read({ ...SAID, bot_id: 'B0BOT', blocks: [{ type: 'section', block_id }] });
    assert.deepEqual(echoOf(`parley-placeholder:${placeholderId}`), {
      kind: 'echo',
      echo: { placeholderId, providerMessageId: `C0SHOP:${TS}` },
    });
    for (const other of [
      'parley-message:x',
      `parley-placeholder:${placeholderId}'`,
      'parley-placeholder:x',
      'Zx1',
    ])
      assert.deepEqual(echoOf(other), { kind: 'ignored' });
    const blocks = [{ block_id: `parley-placeholder:${placeholderId}` }];
    const ofApp = (app_id: string) =>
      read({ ...SAID, bot_id: 'B0BOT', app_id, blocks }, { api_app_id: 'A0PARLEY' });
    assert.deepEqual(ofApp('A0OTHER'), { kind: 'ignored' }, 'another program that imitates one');
    assert.ok('echo' in ofApp('A0PARLEY'));
    const asCustomer = read({ ...SAID, blocks });
    assert.ok(Array.isArray(asCustomer), 'a person who imitates one is a person');
  });

  it('CHAN-1 reads whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('event', 'team_id', 'event_id', 'authorizations'), fc.jsonValue()),
        (value) => void readEvent(value),
      ),
    );
    const names = fc.constantFrom(
      'type',
      'channel',
      'ts',
      'user',
      'text',
      'files',
      'blocks',
      'thread_ts',
      'subtype',
      'bot_id',
    );
    fc.assert(
      fc.property(
        fc.dictionary(names, fc.jsonValue()),
        (event) => void readEvent(envelope({ ...SAID, ...event })),
      ),
    );
  });
});
