import type { CallState } from './call.ts';
import type { ExternalAction, Json } from './external-action.ts';
import { DEFAULT_EXTERNAL_ACTION, UNCERTAIN_MESSAGE } from './external-action.ts';
import { fillText, placeholdersOf, valueAt } from './template.ts';
import type { Values } from './template.ts';
import { templateValues } from './variables.ts';

export interface FilledMessage {
  text: string;
  /** Why the default went out instead of the builder's words: `missing_field:<name>` or `empty_message`. */
  problem: string | null;
}

/** Below what every channel takes in one message. */
const LONGEST_MESSAGE = 4_000;
const LONGEST_NAME = 100;
/** Deeper answers are not read: whoever writes one as text again would run out of stack. */
const DEEPEST_RESPONSE = 64;

/**
 * What the customer is told of an external action (EXT-3), over variables, built-in ones and the receiver's answer:
 * `{{response.order_id}}`, or `{{order_id}}` where no variable has that name. Null and empty fields of the answer
 * count as missing. Of what may have happened no default says that it did not.
 */
export function outcomeMessage(
  action: ExternalAction,
  ended: CallState,
  values: Values,
  response: Json | null,
): FilledMessage {
  const { successMessage, failureMessage } = DEFAULT_EXTERNAL_ACTION;
  if (ended === 'succeeded')
    return messageOf(action.successMessage, successMessage, action, values, response);
  if (ended !== 'unknown' && ended !== 'timed_out')
    return messageOf(action.failureMessage, failureMessage, action, values, response);
  const own = action.failureMessage === failureMessage ? UNCERTAIN_MESSAGE : action.failureMessage;
  return messageOf(own, UNCERTAIN_MESSAGE, action, values, response);
}

/** The question that asks the customer's consent (EXT-4). */
export function confirmationText(action: ExternalAction, values: Values): FilledMessage {
  return messageOf(
    action.confirmationMessage,
    DEFAULT_EXTERNAL_ACTION.confirmationMessage,
    action,
    values,
    null,
  );
}

/** That an operator has to agree first (APR-5). */
export function approvalText(action: ExternalAction, values: Values): FilledMessage {
  const { approvalMessage } = DEFAULT_EXTERNAL_ACTION;
  return messageOf(action.approvalMessage, approvalMessage, action, values, null);
}

/** A receiver's answer as JSON; null where it is none, or nested beyond reason. */
export function readResponse(body: string): Json | null {
  try {
    const response = JSON.parse(body) as Json;
    return isShallow(response, DEEPEST_RESPONSE) ? response : null;
  } catch {
    // Its message would quote what the receiver wrote.
    return null;
  }
}

function messageOf(
  template: string,
  otherwise: string,
  action: ExternalAction,
  given: Values,
  response: Json | null,
): FilledMessage {
  const own = templateValues(action.variables, given);
  const all: Values = { ...members(response), ...own, response };
  const hole = placeholdersOf(template).find((name) => {
    const isOwn = name !== 'response' && Object.hasOwn(own, name.split('.', 1)[0] ?? '');
    const value = valueAt(all, name);
    return (
      value === undefined ||
      (!isOwn && (value === null || (typeof value === 'string' && value.trim() === '')))
    );
  });
  if (hole !== undefined) return { text: otherwise, problem: `missing_field:${hole.slice(0, LONGEST_NAME)}` };
  const text = readable(fillText(template, all).value);
  return text.trim() === '' ? { text: otherwise, problem: 'empty_message' } : { text, problem: null };
}

function members(response: Json | null): { [name: string]: Json } {
  return typeof response === 'object' && response !== null && !Array.isArray(response) ? response : {};
}

/** Without characters that no channel shows, and no longer than one message. */
function readable(text: string): string {
  const clean = text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '').toWellFormed();
  if (clean.length <= LONGEST_MESSAGE) return clean;
  return `${clean.slice(0, LONGEST_MESSAGE - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function isShallow(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1));
}
