import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts, ConcludedSteps } from './ports.ts';

/** Ends what a step left that fired in a task of which nobody heard (IDLE-5). */
export function makeConcludeIdle({ idle, clock }: Pick<ActivityPorts, 'idle' | 'clock'>) {
  return (ref: ConversationRef): Promise<ConcludedSteps> => idle.conclude(ref, clock.now());
}
