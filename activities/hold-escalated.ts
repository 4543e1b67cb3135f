import type { ConversationRef } from '../contract/conversation.ts';
import { turnCause } from '../contract/ids.ts';
import type { ComposeVerdict } from './compose-reply.ts';
import { dueFiles } from './due-files.ts';
import { waitingNotice } from './escalation.ts';
import type { ActivityPorts } from './ports.ts';
import { turnSettings } from './turn-settings.ts';

/** No model is asked: `quiet` says that the messages reached the people and need no words of ours. */
export type HoldVerdict =
  | Extract<ComposeVerdict, { kind: 'planned' | 'nothing' }>
  | { kind: 'quiet'; answersSeq: number; media?: string[] };

/** A turn of an escalated conversation: a notice once per quiet period, and nothing of a model (ESC-3). */
export function makeHoldEscalated(ports: ActivityPorts) {
  return async ({ turn, ...ref }: ConversationRef & { turn: number }): Promise<HoldVerdict> => {
    const now = ports.clock.now();
    const taken = await ports.transcript.take(ref, turn, now);
    if (taken.kind === 'nothing') return taken;
    const { settings, lastSeq } = taken;
    const due = [...dueFiles(taken.messages), ...(taken.media ?? [])];
    const media = due.length > 0 && { media: due };
    const planned = {
      kind: 'planned' as const,
      answersSeq: lastSeq,
      settings: turnSettings(taken),
      summaryDue: false,
      ...media,
    };
    if (taken.plannedAlready) return planned;
    if (!(await ports.escalations.noticeDue(ref, settings.quietPeriodSeconds * 1000, now))) {
      const rows = taken.messages.map(({ id }) => ({ id, reason: 'passed_on' as const }));
      await ports.transcript.settle(ref, rows, now);
      return { kind: 'quiet', answersSeq: lastSeq, ...media };
    }
    const reply = {
      turn,
      cause: turnCause(turn),
      kind: 'notice' as const,
      text: waitingNotice(taken),
      epoch: taken.epoch,
      answersSeq: lastSeq,
      inReplyTo: taken.messages.map((message) => message.providerMessageId),
    };
    await ports.transcript.plan(ref, reply, null, now);
    return planned;
  };
}
