/** A reader of server-sent events: what a browser's EventSource would have got. */
export interface EventReader {
  response: Response;
  events: { id: string; data: Record<string, unknown> }[];
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
    if (block.startsWith(':')) comments.push(block);
    if (data !== undefined)
      events.push({ id: field('id') ?? '', data: JSON.parse(data) as Record<string, unknown> });
  };
  return {
    response,
    events,
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
