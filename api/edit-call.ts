import { toolOf } from '../activities/tools/index.ts';
import { builtInValues } from '../domain/built-in-values.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Json } from '../domain/external-action.ts';
import { isRedacted } from '../domain/redacted-request.ts';
import { resolveVariables } from '../domain/variables.ts';
import type { EditableCall, EditCall, EditProblem } from './ports.ts';

type Given = Readonly<Record<string, Json>>;
type Edited = ReturnType<EditCall>;

/**
 * Judges what an operator changes of a call by the very rules that it was planned by (APR-5): the variables of the
 * action's version, or the tool's schema with what its builder fixed. What is not named stays; null takes it away.
 */
export function editOf(given: Given): EditCall {
  return (call) => (call.action === null ? editTool(call, given) : editAction(call, given));
}

function editAction({ action, arguments: before }: EditableCall, given: Given): Edited {
  const variables = action?.variables ?? [];
  const names = variables.map(({ name }) => name);
  const { values, missing } = resolveVariables(variables, { ...objectOf(before), ...given });
  const problems = [
    ...notToChange(given, names),
    ...missing.map((field) => ({
      field,
      message: wrong(variables.find(({ name }) => name === field)?.type),
    })),
  ];
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'edited', arguments: values };
}

function editTool(call: EditableCall, given: Given): Edited {
  const { added, context, message, plannedAt } = call;
  if (added === null) return refused('the agent does not have this tool any more');
  const tool = toolOf(added.nodeType);
  const wrongNames = notToChange(given, Object.keys(objectOf(tool.offer(added).parameters['properties'])));
  if (wrongNames.length > 0) return { kind: 'problems', problems: wrongNames };
  const { contact, channel, conversationId } = context;
  const placeholders = builtInValues({ contact, channel, conversationId, message, at: plannedAt });
  const proposed = objectOf(jsonOrNull(call.proposal ?? ''));
  const resolve = (args: Given) => tool.resolve(added, args, { context, placeholders });
  const unedited = resolve(proposed);
  if (unedited.kind === 'refused' || canonicalJson(unedited.arguments) !== canonicalJson(call.arguments))
    return refused(SINCE_CHANGED);
  const resolved = resolve({ ...proposed, ...given });
  if (resolved.kind === 'ready') return { kind: 'edited', arguments: resolved.arguments };
  const named = Object.keys(given).filter((name) => resolved.message.includes(`${name}:`));
  const problems = named.map((field) => ({ field, message: resolved.message }));
  return problems.length > 0 ? { kind: 'problems', problems } : refused(resolved.message);
}

/**
 * The fields of the tool, the customer's name and the conversation's newest record are filled in anew: were one of them
 * another by now, the edit would change what the operator saw and did not name.
 */
const SINCE_CHANGED =
  'are not all that would change: what the tool fills in has changed since. Approve it as it is, or deny it';

function notToChange(given: Given, names: readonly string[]): EditProblem[] {
  return Object.entries(given).flatMap(([field, value]) => {
    if (!names.includes(field)) return [{ field, message: 'is nothing that may be changed here' }];
    return isRedacted(value) ? [{ field, message: 'is redacted: leave it out, and it stays' }] : [];
  });
}

function wrong(type: string | undefined): string {
  return `is missing, or is not of type ${type ?? 'text'}`;
}

function refused(message: string): Edited {
  return { kind: 'problems', problems: [{ field: '', message }] };
}

function objectOf(value: unknown): Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, Json>)
    : {};
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the model's words.
    return null;
  }
}
