import type { ComposeVerdict } from './compose-reply.ts';
import { calling } from './escalation.ts';
import type { TakenTurn } from './ports.ts';
import { turnSettings } from './turn-settings.ts';

/**
 * The turn goes on with the reply that stands for it: a run of the step planned it and died, and may have sent it.
 * Whether it may still leave, or has, is for the fence to say.
 */
export function standingReply(
  taken: Extract<TakenTurn, { kind: 'taken' }>,
): Extract<ComposeVerdict, { kind: 'planned' }> {
  const { lastSeq: answersSeq, escalates, media } = taken;
  const planned = { kind: 'planned' as const, answersSeq, settings: turnSettings(taken), summaryDue: false };
  return { ...planned, ...calling(escalates), ...(media !== undefined && { media }) };
}
