import type { CallVerdict } from './call-fence.ts';
import type { ActivityPorts, CallRef } from './ports.ts';

/** Ends a call that Temporal has given up on: every attempt died. What has ended already keeps its outcome. */
export function makeGiveUpCall({ calls, clock }: Pick<ActivityPorts, 'calls' | 'clock'>) {
  return async (ref: CallRef): Promise<CallVerdict> => {
    const call = await calls.read(ref);
    const error = 'It is not known whether this was done. A colleague will check; do not try it again.';
    const unknown = { state: 'unknown' as const, reason: 'attempts_died', result: { ok: false, error } };
    if (call === null) return { kind: 'ended', state: 'unknown', leaves: null };
    const ended = await calls.end(ref, unknown, null, clock.now());
    return { kind: 'ended', state: ended.state, leaves: null };
  };
}
