/** A conversation on Slack is a thread: the room names workspace, channel and the thread's first message. */
export interface SlackRoom {
  teamId: string;
  channel: string;
  /** Also of a thread that has one message yet: an answer to it opens the thread. */
  threadTs: string;
}

/** A message's time, which together with its channel is its identity. */
export const TS = /^\d{1,12}\.\d{1,9}$/;

export function roomOf({ teamId, channel, threadTs }: SlackRoom): string {
  return `${teamId}:${channel}:${threadTs}`;
}

export function readRoom(room: string): SlackRoom | null {
  const [teamId, channel, threadTs, ...more] = room.split(':');
  if (!teamId || !channel || threadTs === undefined || !TS.test(threadTs) || more.length > 0) return null;
  return { teamId, channel, threadTs };
}

/** A message of ours by what Slack knows it by; a time alone is unique within its channel only. */
export function messageIdOf(channel: string, ts: string): string {
  return `${channel}:${ts}`;
}

export function readMessageId(id: string): { channel: string; ts: string } | null {
  const [channel, ts, ...more] = id.split(':');
  return channel && ts !== undefined && TS.test(ts) && more.length === 0 ? { channel, ts } : null;
}

/** The time in it, to the microsecond Slack gives and the millisecond we keep. */
export function timeOf(ts: string): Date {
  return new Date(Math.floor(Number(ts) * 1000));
}
