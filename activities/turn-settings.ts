import type { TurnSettings } from '../contract/conversation.ts';
import type { AgentSettings } from '../domain/agent.ts';
import { needsUnderstanding } from '../domain/agent.ts';

/** The part of the agent's settings on which the workflow decides when to act. */
export function turnSettings(settings: AgentSettings, externalActions: number): TurnSettings {
  return {
    waitMs: Math.round(settings.waitTimeSeconds * 1000),
    capMs: Math.round(settings.waitCapSeconds * 1000),
    regroup: settings.regroup,
    confirmMs: Math.round(settings.confirmationTimeoutSeconds * 1000),
    patienceMs: Math.round(settings.actionPatienceSeconds * 1000),
    idleMs: [],
    understand: needsUnderstanding(settings, externalActions),
  };
}
