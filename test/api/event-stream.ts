/** A reader of server-sent events: what a browser's EventSource would have got. */
export interface EventReader {
  response: Response;
  events: { id: string; event: string; data: Record<string, unknown> }[];
  /** The id that it would come back with. */
  lastId: string;
  comments: string[];
  /** Resolves when the server has ended the stream. */
  ended: Promise<void>;
  /** Waits until so many events have come. */
  until(count: number): Promise<void>;
  close(): void;
}

export async function openEvents(url: string, headers: Record<string, string>): Promise<EventReader> {
  const leaving = new AbortController();
  const response = await fetch(url, { headers, signal: leaving.signal });
  const events: EventReader['events'] = [];
  const comments: string[] = [];
  let lastId = '';
  const read = async () => {
    let text = '';
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes).toString();
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) take(block);
    }
  };
  const take = (block: string) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const data = field('data');
    lastId = field('id') ?? lastId;
    if (block.startsWith(':')) comments.push(block);
    if (data !== undefined)
      events.push({
        id: field('id') ?? '',
        event: field('event') ?? 'message',
        data: JSON.parse(data) as Record<string, unknown>,
      });
  };
  return {
    response,
    events,
    get lastId() {
      return lastId;
    },
    comments,
    ended: read().catch(() => undefined),
    async until(count) {
      await eventually(() => events.length >= count, `${count} events`);
    },
    close: () => leaving.abort(),
  };
}

/** Polls until it holds; fails after 5 s by name. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
