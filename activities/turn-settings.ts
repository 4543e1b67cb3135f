import type { TurnSettings } from '../contract/conversation.ts';
import type { AgentSettings } from '../domain/agent.ts';
import { needsUnderstanding } from '../domain/agent.ts';
import { REPEAT } from '../domain/channel.ts';
import type { ChannelKind } from '../domain/channel.ts';
import { stepsOf } from '../domain/idle-rule.ts';
import { idleWaits } from '../domain/idle-waits.ts';
import { windowEndsAt } from '../domain/messaging-window.ts';

/** What they are read from: a take, or a new run's opening. */
interface SettingsRead {
  settings: AgentSettings;
  externalActions: number;
  sequentialIdle: boolean;
  lastCustomerAt: Date | null;
  channel: ChannelKind;
}

/** The part of the agent's settings on which the workflow decides when to act. */
export function turnSettings(read: SettingsRead): TurnSettings {
  const { settings, externalActions } = read;
  return {
    waitMs: Math.round(settings.waitTimeSeconds * 1000),
    capMs: Math.round(settings.waitCapSeconds * 1000),
    regroup: settings.regroup,
    confirmMs: Math.round(settings.confirmationTimeoutSeconds * 1000),
    patienceMs: Math.round(settings.actionPatienceSeconds * 1000),
    placeholder: REPEAT[read.channel] === 'update_in_place',
    idleMs: idleMs(read),
    responseMs: settings.responseTimeSeconds * 1000,
    understand: needsUnderstanding(settings, externalActions),
  };
}

function idleMs({ settings, sequentialIdle, lastCustomerAt, channel }: SettingsRead): number[] {
  const steps = stepsOf(settings.idleRule, { sequential: sequentialIdle });
  if (lastCustomerAt === null) return steps.map(({ duration }) => duration * 1000);
  const { businessHours: hours } = settings;
  const windowEnds = windowEndsAt(channel, lastCustomerAt);
  return idleWaits(steps, { since: lastCustomerAt, hours, windowEndsAt: windowEnds });
}
