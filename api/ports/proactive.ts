import type { ProactiveUse } from '../../domain/proactive-limit.ts';
import type { Caller } from './caller.ts';

/** The breaker for messages that no customer asked for (IDLE-11). Every change is audited. */
export interface Proactive {
  read(caller: Caller): Promise<ProactiveState>;
  /** Null: the default again. Never resumes. */
  setLimit(caller: Caller, limit: number | null): Promise<ProactiveState>;
  /** Nudges go on, another whole limit of them today. Where they were not stopped nothing changes. */
  resume(caller: Caller): Promise<ProactiveState>;
}

export interface ProactiveState extends ProactiveUse {
  /** Null: nudges go out. */
  stoppedAt: Date | null;
}
