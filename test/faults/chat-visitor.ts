import { strict as assert } from 'node:assert';
import type { DevFile } from '../../dev/stage-memory.ts';
import type { Records } from './records.ts';

export interface ChatLine {
  id: string;
  from: string;
  kind: string;
  text: string;
}

/** Somebody with the web chat page open. */
export interface Visitor {
  room: string;
  say(id: string, text: string): Promise<void>;
  /** What the page shows once it has caught up with the store, oldest first. */
  lines(): Promise<ChatLine[]>;
}

export async function openVisitor(dev: DevFile, records: Records): Promise<Visitor> {
  const base = `${dev.api}/chat/${dev.channels.webchat}`;
  const opened = await fetch(`${base}/session`, { method: 'POST' });
  assert.equal(opened.status, 200, await opened.text());
  const cookie = (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const room = /=([0-9a-f-]{36})\./.exec(cookie)?.[1];
  assert.ok(room !== undefined, 'the session names no room');

  return {
    room,
    async say(id, text) {
      const response = await fetch(`${base}/messages`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json' },
        body: JSON.stringify({ id, text }),
      });
      assert.equal(response.status, 202, await response.text());
    },
    async lines() {
      const { rows } = await records.pool.query<{ last_position: number }>(
        'select last_position from conversations where room = $1',
        [room],
      );
      return readThrough(`${base}/stream`, cookie, rows[0]?.last_position ?? 0);
    },
  };
}

/** Reads the stream from its beginning to the line at `position`. */
async function readThrough(url: string, cookie: string, position: number): Promise<ChatLine[]> {
  const leave = new AbortController();
  const response = await fetch(url, {
    headers: { cookie },
    signal: AbortSignal.any([leave.signal, AbortSignal.timeout(15_000)]),
  });
  assert.equal(response.status, 200);
  const lines: ChatLine[] = [];
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece as Uint8Array, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    let seen = 0;
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data === undefined) continue;
      lines.push(JSON.parse(data) as ChatLine);
      seen = Number(/^id: (\d+)$/m.exec(event)?.[1]);
    }
    if (seen >= position) break;
  }
  leave.abort();
  return lines;
}
