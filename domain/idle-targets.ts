import type { IdleRule, IdleTarget } from './idle-rule.ts';

/** Whom a rule that was checked gives conversations to, with the field that names them. */
export interface NamedTarget {
  field: string;
  kind: 'division' | 'member';
  id: string;
}

/** Only what was chosen: a form sends the empty, and the former, targets of other actions along. */
export function idleTargets(rule: IdleRule | null | undefined): NamedTarget[] {
  if (!rule) return [];
  const steps = (rule.steps ?? []).flatMap(({ action, assign }, n) =>
    action === 'assign' ? named(assign, `steps.${n}.assign`) : [],
  );
  return [...steps, ...(rule.action === 'assign' ? named(rule.assign, 'assign') : [])];
}

function named(target: IdleTarget | null | undefined, place: string): NamedTarget[] {
  if (!target || target.type === 'auto') return [];
  const id = target[target.type];
  if (!id) return [];
  const kind = target.type === 'division' ? ('division' as const) : ('member' as const);
  return [{ field: `${place}.${target.type}`, kind, id }];
}
