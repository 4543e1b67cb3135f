import type { ConversationRef } from '../contract/conversation.ts';
import { dueStep } from './fire-idle.ts';
import type { IdleOrder } from './fire-idle.ts';
import type { ActivityPorts } from './ports.ts';

export type IdleOutcome = 'fired' | { failed: string };

/** A nudge went out, or never will: its event (OBS-1). */
export function makeNoteNudge({ idle, clock }: Pick<ActivityPorts, 'idle' | 'clock'>) {
  return ({ outcome, ...order }: IdleOrder & { outcome: IdleOutcome }): Promise<void> => {
    const { ref, due } = dueStep(order);
    return idle.noteNudge(ref, due, outcome, clock.now());
  };
}

/** The customer broke a silence that had led to something (IDLE-5). */
export function makeNoteIdleReset({ idle, clock }: Pick<ActivityPorts, 'idle' | 'clock'>) {
  return ({ fromStep, ...ref }: ConversationRef & { fromStep: number }): Promise<void> =>
    idle.noteReset(ref, fromStep, clock.now());
}
