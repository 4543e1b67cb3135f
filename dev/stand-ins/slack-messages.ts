type Fields = Record<string, unknown>;

/** A message as a channel shows it now. */
export interface SlackMessage {
  team: string;
  channel: string;
  ts: string;
  thread_ts?: string;
  /** A customer's; the app's own have a `bot_id`. */
  user?: string;
  bot_id?: string;
  text: string;
  blocks: Fields[];
  /** Every text it has shown before, oldest first. */
  before: string[];
}

const LONGEST_TEXT = 40_000;
const LONGEST_SECTION = 3000;

/** The channels of all workspaces. Times are unique and only grow, as Slack's are within a channel. */
export function openSlackMessages() {
  let messages: SlackMessage[] = [];
  let lastTime = 0;

  const nextTs = (): string => {
    lastTime = Math.max(Date.now() * 1000, lastTime + 1);
    return `${Math.floor(lastTime / 1e6)}.${String(lastTime % 1e6).padStart(6, '0')}`;
  };

  return {
    nextTs,
    add(message: Omit<SlackMessage, 'ts' | 'before'> & { ts?: string }): SlackMessage {
      const added = { ...message, ts: message.ts ?? nextTs(), before: [] };
      messages.push(added);
      return added;
    },
    find: (team: string, channel: string, ts: string): SlackMessage | undefined =>
      messages.find((message) => message.team === team && message.channel === channel && message.ts === ts),
    change(message: SlackMessage, { text, blocks }: { text: string; blocks: Fields[] }): void {
      message.before.push(message.text);
      Object.assign(message, { text, blocks });
    },
    remove(message: SlackMessage): void {
      messages = messages.filter((other) => other !== message);
    },
    /** Oldest first; `query` may name a `team`, a `channel` and a `thread_ts`, whose first message is part of it. */
    list(query: string): SlackMessage[] {
      const wanted = new URLSearchParams(query);
      const is = (name: 'team' | 'channel', message: SlackMessage) =>
        !wanted.has(name) || message[name] === wanted.get(name);
      const thread = wanted.get('thread_ts');
      return messages.filter(
        (message) =>
          is('team', message) &&
          is('channel', message) &&
          (thread === null || message.ts === thread || message.thread_ts === thread),
      );
    },
    clear() {
      messages = [];
    },
  };
}

/** What Slack would say against the text and blocks of a message, as its error; undefined where nothing. */
export function whatIsWrongWithMessage(text: unknown, blocks: Fields[]): string | undefined {
  if (blocks.length === 0 && (typeof text !== 'string' || text === '')) return 'no_text';
  if (typeof text === 'string' && text.length > LONGEST_TEXT) return 'msg_too_long';
  if (blocks.length > 50 || blocks.some(isWrong)) return 'invalid_blocks';
  const ids = blocks.map(({ block_id }) => block_id).filter((id) => id !== undefined);
  return new Set(ids).size === ids.length ? undefined : 'invalid_blocks';
}

function isWrong({ type, text, block_id, elements }: Fields): boolean {
  if (block_id !== undefined && (typeof block_id !== 'string' || block_id.length > 255)) return true;
  if (type === 'section') {
    const words = (text as Fields | undefined)?.text;
    return typeof words !== 'string' || words === '' || words.length > LONGEST_SECTION;
  }
  return type !== 'actions' || !Array.isArray(elements) || elements.length === 0;
}
