import type { CallVerdict } from './call-fence.ts';
import type { ActivityPorts, CallOutcome, CallRef } from './ports.ts';

/** Of a call that was begun, and whose end nobody saw. */
export const ATTEMPTS_DIED: CallOutcome = {
  state: 'unknown',
  reason: 'attempts_died',
  result: {
    ok: false,
    error: 'It is not known whether this was done. A colleague will check; do not try it again.',
  },
};

/** Ends a call that Temporal has given up on: every attempt died. What has ended already keeps its outcome. */
export function makeGiveUpCall({ calls, clock }: Pick<ActivityPorts, 'calls' | 'clock'>) {
  return async (ref: CallRef): Promise<CallVerdict> => {
    const call = await calls.read(ref);
    if (call === null) return { kind: 'ended', state: 'unknown', leaves: null };
    const ended = await calls.end(ref, ATTEMPTS_DIED, null, clock.now());
    return { kind: 'ended', state: ended.state, leaves: null };
  };
}
