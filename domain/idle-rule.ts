import { nameless } from './nameless.ts';
import { fillText } from './template.ts';
import { FLAGS } from './tool.ts';

export const IDLE_ACTIONS = ['follow_up', 'assign', 'resolve'] as const;
export type IdleAction = (typeof IDLE_ACTIONS)[number];

/** A sequence has at most so many steps (IDLE-1). */
export const MOST_IDLE_STEPS = 3;

/** Whom an idle conversation is given to. `division` and `agent` (a member's id) count with their own type only. */
export interface IdleTarget {
  type: 'auto' | 'division' | 'agent';
  division?: string | null;
  agent?: string | null;
}

interface Part {
  /** Seconds. */
  duration: number;
  /** May hold {{customer_name}}. */
  message?: string | null;
}

/** A step as it is saved (IDLE-1). `order` counts from 1; left out of all steps, the order of the list holds. */
export interface SavedIdleStep extends Part {
  order?: number;
  action: IdleAction;
  assign?: IdleTarget | null;
}

/**
 * As it is saved: steps, or the legacy action with its part (IDLE-3). The parts of actions that were not chosen are
 * kept for the form and mean nothing. Stored, steps that wait for the flag may stand beside a legacy action.
 */
export interface IdleRule {
  steps?: SavedIdleStep[];
  action?: 'none' | IdleAction;
  follow_up?: Part | null;
  assign?: (Part & IdleTarget) | null;
  resolve?: Part | null;
}

/** A step as it runs. */
export interface IdleStep {
  action: IdleAction;
  /** Seconds of silence. */
  duration: number;
  message: string | null;
  /** Of `assign` alone. */
  assign: { type: 'auto' } | { type: 'division' | 'agent'; id: string } | null;
}

/** Whether steps count for an agent: by its own override, else by the organisation's flag (IDLE-2). */
export function isSequential(
  override: boolean | null | undefined,
  organisationFlags: ReadonlySet<string>,
): boolean {
  return override ?? organisationFlags.has(FLAGS.sequentialIdle);
}

/**
 * The steps that run, in their order; of more than three the first three (IDLE-3). Whatever was stored is read: what
 * is malformed or empty is no idle at all, since half a sequence would act in a way that nobody asked for.
 */
export function stepsOf(stored: unknown, { sequential }: { sequential: boolean }): IdleStep[] {
  if (!isRecord(stored)) return [];
  if (sequential && stored['steps'] !== undefined) return sequenceOf(stored['steps']);
  const { action } = stored;
  if (!isAction(action)) return [];
  const part = stored[action];
  const step = isRecord(part)
    ? readStep({ ...part, action, assign: action === 'assign' ? part : null })
    : null;
  return step === null ? [] : [step];
}

/** What to store when `named` is saved over `stored`: with the flag off, stored steps stay as they are (IDLE-2). */
export function ruleToStore(
  stored: IdleRule | null,
  named: IdleRule | null,
  { sequential }: { sequential: boolean },
): IdleRule | null {
  if (!sequential) {
    const { steps: _, ...legacy } = named ?? {};
    const kept = stored?.steps;
    return kept === undefined ? named && legacy : { ...legacy, steps: kept };
  }
  if (named?.steps === undefined) return named;
  const inOrder = [...named.steps].sort((one, other) => (one.order ?? 0) - (other.order ?? 0));
  return { ...named, steps: inOrder.map((step, n) => ({ ...step, order: n + 1 })) };
}

/** What the builder is shown: with the flag off the legacy action alone; with it on, steps before a legacy action. */
export function ruleToShow(
  stored: IdleRule | null,
  { sequential }: { sequential: boolean },
): IdleRule | null {
  if (stored === null) return null;
  const { steps, ...legacy } = stored;
  if (sequential && steps !== undefined) return { steps };
  return steps === undefined || Object.keys(legacy).length > 0 ? legacy : null;
}

/** Whether the sequence ends by closing the conversation or giving it to a person, and not by a last nudge. */
export function hasTerminalStep(steps: readonly IdleStep[]): boolean {
  return steps.some(({ action }) => action === 'resolve') || steps.at(-1)?.action === 'assign';
}

/** A step's message as the customer reads it. */
export function idleMessage(message: string, customerName: string | null): string {
  const name = customerName?.trim() ?? '';
  return name === '' ? nameless(message) : fillText(message, { customer_name: name }).value;
}

function sequenceOf(steps: unknown): IdleStep[] {
  if (!Array.isArray(steps)) return [];
  const read = inOrder(steps).slice(0, MOST_IDLE_STEPS).map(readStep);
  return read.some((step) => step === null) ? [] : read.filter((step) => step !== null);
}

/** By `order` where every step has one, else as listed. */
function inOrder(steps: unknown[]): unknown[] {
  const orderOf = (step: unknown) => (isRecord(step) ? step['order'] : undefined);
  if (!steps.every((step) => typeof orderOf(step) === 'number')) return steps;
  return [...steps].sort((one, other) => Number(orderOf(one)) - Number(orderOf(other)));
}

function readStep(step: unknown): IdleStep | null {
  if (!isRecord(step)) return null;
  const { action } = step;
  const duration = readDuration(step['duration']);
  const message = readMessage(step['message']);
  if (!isAction(action) || duration === null) return null;
  if (action !== 'assign') return message === null ? null : { action, duration, message, assign: null };
  const assign = readTarget(step['assign']);
  return assign === null ? null : { action, duration, message, assign };
}

/** Old rules may hold the number as text, and waits longer than those that are accepted today, up to a year. */
function readDuration(raw: unknown): number | null {
  const seconds = typeof raw === 'string' && /^\d{1,9}$/.test(raw) ? Number(raw) : raw;
  const fits = typeof seconds === 'number' && Number.isInteger(seconds);
  return fits && seconds >= 1 && seconds <= 31_536_000 ? seconds : null;
}

function readMessage(raw: unknown): string | null {
  return typeof raw === 'string' && raw.trim() !== '' ? raw : null;
}

function readTarget(raw: unknown): IdleStep['assign'] {
  if (!isRecord(raw)) return null;
  const { type } = raw;
  if (type === 'auto') return { type };
  if (type !== 'division' && type !== 'agent') return null;
  const id = readMessage(raw[type]);
  return id === null ? null : { type, id };
}

function isAction(value: unknown): value is IdleAction {
  return (IDLE_ACTIONS as readonly unknown[]).includes(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
