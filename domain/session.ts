/** How long a browser stays signed in (TEN-2): while it is used, and never longer than `SESSION_LASTS_MS`. */
export const SESSION_IDLE_MS = 8 * 3_600_000;
export const SESSION_LASTS_MS = 7 * 86_400_000;
/** That a session is in use is noted no more often. */
export const SESSION_SEEN_MS = 60_000;

export interface SessionLife {
  /** Last in use, as far as it was noted. */
  seenAt: Date;
  expiresAt: Date;
  endedAt: Date | null;
}

/** Whether a session still stands at a moment. */
export function standsAt({ seenAt, expiresAt, endedAt }: SessionLife, now: Date): boolean {
  const idleUntil = seenAt.getTime() + SESSION_IDLE_MS;
  return endedAt === null && now < expiresAt && now.getTime() < idleUntil;
}

/** Whether the use of a session is worth a note. */
export function isToBeNoted({ seenAt }: Pick<SessionLife, 'seenAt'>, now: Date): boolean {
  return now.getTime() - seenAt.getTime() >= SESSION_SEEN_MS;
}
