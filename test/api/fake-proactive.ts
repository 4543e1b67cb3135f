import type { ApiPorts, Caller, ProactiveState } from '../../api/ports.ts';
import type { FakeWorld } from './fake-world.ts';

/** The breaker in memory; that it stops anything is Postgres's business and tested there. */
export function fakeProactive(world: FakeWorld): ApiPorts['proactive'] {
  const states = new Map<string, ProactiveState>();
  const change = ({ organisationId }: Caller, changed: Partial<ProactiveState>): Promise<ProactiveState> => {
    const none = { plannedToday: 0, forgiven: 0, peak: 0, set: null, stoppedAt: null };
    const state = { ...none, ...states.get(organisationId), ...changed };
    states.set(organisationId, state);
    return world.reach(state);
  };
  return {
    read: (caller) => change(caller, {}),
    setLimit: (caller, set) => change(caller, { set }),
    resume: (caller) => change(caller, { stoppedAt: null }),
  };
}
