import type { StoredAgentSettings } from '../domain/agent.ts';
import { assigneeOf } from '../domain/escalation.ts';
import type { IdleRule } from '../domain/idle-rule.ts';
import { idleTargets } from '../domain/idle-targets.ts';
import type { NamedTarget } from '../domain/idle-targets.ts';
import type { Caller, People } from './ports.ts';
import type { FieldError } from './problem.ts';

const NOBODY: Record<NamedTarget['kind'], string> = {
  division: 'is no division of this organisation',
  member: 'is no operator or admin of this organisation',
};

/**
 * Whoever is named to be called, or to be given a conversation, and is not there (ESC-2, IDLE-1). Only what a change
 * names is looked at: who was removed since must not keep a builder from changing a prompt.
 */
export async function strangers(
  people: People,
  caller: Caller,
  { escalationAssignee, idleRule }: StoredAgentSettings,
): Promise<FieldError[]> {
  const called = escalationAssignee ? assigneeOf(escalationAssignee) : null;
  const targets = [
    ...(called?.kind === 'member'
      ? [{ field: 'escalation_assignee', kind: 'member' as const, id: called.memberId }]
      : []),
    ...targetsOf('idle_rule', idleRule),
  ];
  return unknownAmong(people, caller, targets);
}

/** The same of the rule of a channel (IDLE-8). */
export function strangersOfChannel(
  people: People,
  caller: Caller,
  rule: IdleRule | null | undefined,
): Promise<FieldError[]> {
  return unknownAmong(people, caller, targetsOf('default_idle_rule', rule));
}

function targetsOf(name: string, rule: IdleRule | null | undefined): NamedTarget[] {
  return idleTargets(rule).map((target) => ({ ...target, field: `${name}.${target.field}` }));
}

async function unknownAmong(
  people: People,
  caller: Caller,
  targets: readonly NamedTarget[],
): Promise<FieldError[]> {
  if (targets.length === 0) return [];
  const idsOf = (wanted: NamedTarget['kind']) =>
    targets.filter(({ kind }) => kind === wanted).map(({ id }) => id);
  const known = await people.known(caller, { division: idsOf('division'), member: idsOf('member') });
  return targets
    .filter(({ kind, id }) => !known[kind].includes(id))
    .map(({ field, kind }) => ({ field, message: NOBODY[kind] }));
}
