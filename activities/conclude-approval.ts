import type { ActionRef, ActivityPorts, Concluded } from './ports.ts';

/** How an action stands, expired where its time has run out; null: it was erased. */
export function makeConcludeApproval({ approvals, clock }: Pick<ActivityPorts, 'approvals' | 'clock'>) {
  return (ref: ActionRef): Promise<Concluded | null> => approvals.conclude(ref, clock.now());
}
