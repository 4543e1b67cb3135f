import type { TurnSettings } from '../contract/conversation.ts';
import type { AgentSettings } from '../domain/agent.ts';
import { needsUnderstanding } from '../domain/agent.ts';
import type { BusinessHours } from '../domain/business-hours.ts';
import { REPEAT } from '../domain/channel.ts';
import type { ChannelKind } from '../domain/channel.ts';
import type { IdleStep } from '../domain/idle-rule.ts';
import { idleHours, runsWithPeople } from '../domain/idle-sequence.ts';
import type { AnsweredBy } from '../domain/idle-sequence.ts';
import { idleWaits } from '../domain/idle-waits.ts';
import { windowEndsAt } from '../domain/messaging-window.ts';

/** What they are read from: a take, or a new run's opening. */
interface SettingsRead {
  settings: AgentSettings;
  externalActions: number;
  idleSteps: IdleStep[];
  answeredBy: AnsweredBy;
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
    idleMs: idleMs({ ...read, hours: idleHours(settings, read.answeredBy), since: read.lastCustomerAt }),
    ...(runsWithPeople(settings, read.answeredBy) ? { idleWithPeople: true } : {}),
    responseMs: settings.responseTimeSeconds * 1000,
    understand: needsUnderstanding(settings, externalActions),
  };
}

/** @param since what the first step counts from */
export function idleMs({
  idleSteps: steps,
  lastCustomerAt,
  channel,
  hours,
  since,
}: Pick<SettingsRead, 'idleSteps' | 'lastCustomerAt' | 'channel'> & {
  hours: BusinessHours | null;
  since: Date | null;
}): number[] {
  if (since === null) return steps.map(({ duration }) => duration * 1000);
  return idleWaits(steps, { since, hours, windowEndsAt: windowEndsAt(channel, lastCustomerAt) });
}
