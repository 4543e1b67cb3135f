import { completeAgentSettings } from '../domain/agent.ts';
import type { AgentSettings, StoredAgentSettings } from '../domain/agent.ts';
import { roleAllows } from '../domain/role.ts';
import type { Gates } from '../domain/tool.ts';
import { idleProblems, isSequentialFor } from './idle-of-agent.ts';
import type { Caller } from './ports.ts';
import { Problem } from './problem.ts';
import type { FieldError } from './problem.ts';
import { toolProblems } from './tools-of-agent.ts';

/** What no field can tell by itself; all of it at once. @throws Problem 403 or 422 */
export function refuseWrong(
  before: AgentSettings,
  named: StoredAgentSettings,
  { gates, caller, unknownPeople }: { gates: Gates; caller: Caller; unknownPeople: FieldError[] },
): void {
  const after = completeAgentSettings({ ...before, ...named });
  // What a builder may not switch on for all must not be had agent by agent.
  if (after.sequentialIdle !== before.sequentialIdle && !roleAllows(caller.role, 'admin'))
    throw new Problem(403, 'ai_agent_sequential_idle takes the role admin to change.');
  const errors = [
    ...capProblems(before, named),
    ...toolProblems(named.tools ?? []),
    ...idleProblems(named.idleRule, isSequentialFor(after, gates)),
    ...unknownPeople,
  ];
  if (errors.length > 0) throw new Problem(422, 'Some fields are not valid.', { errors });
}

/** A cap below the wait would silently never apply. A change that names neither is not held to what was stored before. */
function capProblems(before: AgentSettings, named: StoredAgentSettings): FieldError[] {
  if (named.waitTimeSeconds === undefined && named.waitCapSeconds === undefined) return [];
  const { waitTimeSeconds, waitCapSeconds } = { ...before, ...named };
  if (waitCapSeconds >= waitTimeSeconds) return [];
  return [{ field: 'wait_cap_seconds', message: 'is less than wait_time_seconds' }];
}
