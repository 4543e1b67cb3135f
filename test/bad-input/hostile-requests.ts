import { gzipSync } from 'node:zlib';
import { deliver, signatureOf, webhook, type MetaNumber } from '../journey/meta.ts';
import type { Answer, Call, Journey } from '../journey/open-journey.ts';

const MEGABYTE = 1024 * 1024;

/** Where hostile requests knock. */
export interface Doors {
  generic: string;
  webchat: string;
  number: MetaNumber;
  /** A room that is somebody else's, which every request names. */
  room: string;
  /** In every body; must turn up in no log and in no conversation. */
  marker: string;
}

export interface HostileRequest {
  what: string;
  /** Statuses that are a clear answer. */
  wanted: number[];
  send(journey: Journey): Promise<Answer>;
}

/** One request of each kind; none of them may be stored, and none may be answered with a 5xx. */
export function hostileRequests({ generic, webchat, number, room, marker }: Doors): HostileRequest[] {
  const requests: HostileRequest[] = [];
  const path = `/v1/channels/${generic}/messages`;
  const good = { id: marker, room, customer: { id: marker }, text: marker };
  const json = JSON.stringify(good);

  const add = (what: string, wanted: number | number[], send: HostileRequest['send']) =>
    requests.push({ what, wanted: [wanted].flat(), send });
  const post = (what: string, wanted: number | number[], to: string, call: Call) =>
    add(what, wanted, (journey) => journey.call('POST', to, { as: 'gateway', ...call }));

  const nobody = '00000000-0000-4000-8000-000000000000';
  for (const id of [webchat, number.channel])
    post('a message for an integration of another kind', 409, `/v1/channels/${id}/messages`, { body: good });
  for (const id of [nobody, "1'--", '%00', '..%2f..', 'x'.repeat(4000)])
    post(`a message for the integration ${id.slice(0, 40)}`, [400, 404], `/v1/channels/${id}/messages`, {
      body: good,
    });
  post('a webhook for an unknown integration', 404, `/webhooks/whatsapp/${nobody}`, { body: good });
  post('a webhook for an integration of another kind', 404, `/webhooks/whatsapp/${generic}`, { body: good });
  post('a chat session for an unknown integration', 404, `/chat/${nobody}/session`, { body: {} });

  const large = new Uint8Array(10 * MEGABYTE).fill(0x20);
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(64 * MEGABYTE, ' ')));
  const packed = { 'content-encoding': 'gzip' };
  for (const [where, to] of [
    ['the generic channel', path],
    ['the webhook', `/webhooks/whatsapp/${number.channel}`],
  ] as const) {
    post(`10 MB for ${where}`, 413, to, { body: large });
    post(`a gzip bomb for ${where}`, [413, 415], to, { body: bomb, headers: packed });
    post(`something called gzip for ${where}`, [400, 401, 415], to, { body: json, headers: packed });
  }

  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const bytes = (...pieces: (string | number[])[]) =>
    new Uint8Array(Buffer.concat(pieces.map((piece) => Buffer.from(piece as string))));
  post('JSON cut in half', 400, path, { body: json.slice(0, -9) });
  post('no JSON at all', 400, path, { body: `${marker} <xml/>` });
  post('nothing', [400, 422], path, {});
  post('JSON 100,000 levels deep', 400, path, { body: deep });
  post('a text 100,000 levels deep', 400, path, {
    body: json.replace(`"text":"${marker}"`, `"text":${deep}`),
  });
  post('bytes that are no UTF-8', 400, path, { body: bytes('{"id":"', [0xc3, 0x28, 0xff], '"}') });
  post('bare NUL bytes', 400, path, { body: json.replace(marker, '\0') });
  post('UTF-16', 400, path, { body: new Uint8Array(Buffer.from(json, 'utf16le')) });
  post('a form', 415, path, {
    body: 'id=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });

  const wrong: [string, object][] = [
    ['a list', [good]],
    ['no id', { ...good, id: undefined }],
    ['no room', { ...good, room: undefined }],
    ['no customer', { ...good, customer: undefined }],
    ['no text and no media', { ...good, text: undefined }],
    ['an empty text', { ...good, text: '' }],
    ['an escaped NUL', { ...good, text: `${marker}\0` }],
    ['half a surrogate pair in the text', { ...good, text: `${marker}\ud800` }],
    ['half a surrogate pair in the id', { ...good, id: `${marker}\udc00` }],
    ['an id of 10,000 characters', { ...good, id: marker.repeat(1000) }],
    ['a room of 10,000 characters', { ...good, room: room.repeat(300) }],
    ['a customer id of 10,000 characters', { ...good, customer: { id: marker.repeat(1000) } }],
    ['a text of 20 kB', { ...good, text: marker.repeat(2000) }],
    ['a number for an id', { ...good, id: 7 }],
    ['a time that is none', { ...good, at: 'tomorrow' }],
    [
      'a medium of a file address',
      { ...good, media: [{ type: 'image', url: 'file:///etc/passwd', mime_type: 'x' }] },
    ],
    [
      'eleven media',
      { ...good, media: Array(11).fill({ type: 'image', url: 'https://a.example/', mime_type: 'x' }) },
    ],
    ['a field nobody knows', { ...good, organisation_id: nobody }],
  ];
  for (const [what, body] of wrong) post(what, 422, path, { body });
  post('a prototype to pollute', [400, 422], path, {
    body: json.replace('{', '{"__proto__":{"admin":true},'),
  });

  const unsigned = webhook(number, {
    messages: [{ from: '6281', id: marker, type: 'text', text: { body: marker } }],
  });
  const told = (what: string, wanted: number | number[], body: string, signature?: string) =>
    add(what, wanted, (journey) => deliver(journey, number, body, signature));
  told('a webhook with a bad signature', 401, unsigned, signatureOf({ ...number, appSecret: 'x' }, unsigned));
  told('a webhook with half a signature', 401, unsigned, 'sha256=00');
  told('a webhook of 3.9 MB with a bad signature', 401, unsigned.padEnd(3.9 * MEGABYTE), 'sha256=00');
  for (const [what, body] of [
    ['that is no JSON', `${marker}{`],
    ['100,000 levels deep', deep],
    ['of another product', JSON.stringify({ object: 'instagram', entry: [] })],
    ['with null for an entry', JSON.stringify({ object: 'whatsapp_business_account', entry: null })],
  ] as const)
    told(`a signed webhook ${what}`, 400, body);

  const chat = (what: string, cookie: string) =>
    post(`a chat message with ${what}`, 401, `/chat/${webchat}/messages`, {
      body: { id: marker, text: marker },
      headers: { cookie },
    });
  chat('no session', '');
  chat('a forged session', `parley_visitor=${nobody}.9999999999.${'A'.repeat(43)}`);
  chat('a session of 7 kB', `parley_visitor=${'A'.repeat(7000)}`);

  add('a key of 7 kB', 401, (journey) =>
    journey.call('POST', path, { as: { key: 'k'.repeat(7000) }, body: good }),
  );
  add('headers of 40 kB', 431, (journey) =>
    journey.call('POST', path, { as: 'gateway', body: good, headers: { 'x-long': 'h'.repeat(40_000) } }),
  );
  add('a path that cannot be decoded', [400, 404], (journey) => journey.call('GET', '/v1/agents/%ff'));
  add('a limit without bounds', 422, (journey) =>
    journey.call('GET', '/v1/events?limit=1e9', { as: 'viewer' }),
  );
  return requests;
}
