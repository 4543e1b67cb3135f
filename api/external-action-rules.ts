import { BUILT_IN_VARIABLES } from '../domain/external-action.ts';
import type { ExternalAction, Json, Variable } from '../domain/external-action.ts';
import { placeholdersOf } from '../domain/template.ts';
import { readVariable } from '../domain/variables.ts';
import { ruleProblems } from './approval-rule.ts';
import type { FieldError } from './problem.ts';

/**
 * What is wrong between the fields of an external action, all of it at once. Templates are refused where a name in
 * them can never have a value (EXT-3); the rest is the shapes' to say.
 */
export function problemsOf(action: ExternalAction): FieldError[] {
  return [
    ...variableProblems(action.variables),
    ...templateProblems(action),
    ...payloadProblems(action),
    ...authenticationProblems(action),
    ...ruleProblems(
      'needs_approval',
      action.needsApproval,
      action.variables.map(({ name }) => name),
    ),
  ];
}

function variableProblems(variables: readonly Variable[]): FieldError[] {
  const seen = new Set<string>();
  return variables.flatMap((variable, place) => {
    const found: FieldError[] = [];
    const say = (member: string, message: string) =>
      found.push({ field: `variables.${place}.${member}`, message });
    if (isBuiltIn(variable.name) || variable.name === 'response')
      say('name', 'is the name of a built-in variable');
    else if (seen.has(variable.name)) say('name', 'is the name of another variable too');
    seen.add(variable.name);
    const { type, options, defaultValue } = variable;
    if (type === 'choice' && options.length === 0) say('options', 'is empty');
    if (type !== 'choice' && options.length > 0) say('options', 'is only for variables of type choice');
    if (new Set(options).size < options.length) say('options', 'names an option twice');
    if (!isOfType(variable, defaultValue)) say('default_value', `is not of type ${type}`);
    return found;
  });
}

function isOfType(variable: Variable, value: Variable['defaultValue']): boolean {
  if (value === null) return true;
  const read = readVariable(variable, value);
  return typeof value === 'string' && variable.type === 'text' ? read !== undefined : read === value;
}

function templateProblems(action: ExternalAction): FieldError[] {
  const own = new Set([...action.variables.map(({ name }) => name), ...BUILT_IN_VARIABLES]);
  const isOwn = (name: string) => own.has(name);
  const isOfResponse = (name: string) => /^response(\.[^.\s]+)+$/.test(name);
  // Whether the receiver's answer has such a member is known when it is there.
  const mayBeMember = (name: string) => /^[A-Za-z_][\w-]*$/.test(name) && name !== 'response';
  const inFailure = (name: string) => isOwn(name) || isOfResponse(name);
  const inSuccess = (name: string) => inFailure(name) || mayBeMember(name);

  return [
    ...unknownNames('webhook_url', action.webhookUrl, isOwn),
    ...Object.entries(action.headers).flatMap(([name, value]) =>
      unknownNames(`headers.${name}`, value, isOwn),
    ),
    ...unknownNames('payload_template', action.payloadTemplate, isOwn),
    ...messageProblems('success_message', action.successMessage, inSuccess),
    ...messageProblems('failure_message', action.failureMessage, inFailure),
    ...messageProblems('in_progress_message', action.inProgressMessage, () => false),
    ...messageProblems('confirmation_message', action.confirmationMessage, isOwn),
    ...messageProblems('approval_message', action.approvalMessage, isOwn),
  ];
}

function unknownNames(field: string, template: Json, known: (name: string) => boolean): FieldError[] {
  const unknown = placeholdersOf(template).filter((name) => !known(name));
  if (unknown.length === 0) return [];
  const named = unknown.map((name) => `{{${name.slice(0, 64)}}}`).slice(0, 10);
  return [{ field, message: `names what cannot have a value here: ${named.join(', ')}` }];
}

/** People read these: a brace that is left over would show. */
function messageProblems(field: string, text: string, known: (name: string) => boolean): FieldError[] {
  const unknown = unknownNames(field, text, known);
  const left = text.replaceAll(/\{\{[^{}]*\}\}/g, '');
  if (unknown.length > 0 || !/\{\{|\}\}/.test(left)) return unknown;
  return [{ field, message: 'has a placeholder that does not begin or end' }];
}

function payloadProblems({ httpMethod, payloadTemplate }: ExternalAction): FieldError[] {
  if (httpMethod !== 'GET' || isFlat(payloadTemplate)) return [];
  return [
    {
      field: 'payload_template',
      message: 'must be a flat object for GET, which sends it as query parameters',
    },
  ];
}

function isFlat(payload: Json): boolean {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return false;
  return Object.values(payload).every((value) => typeof value !== 'object' || value === null);
}

function authenticationProblems({ authentication, headers }: ExternalAction): FieldError[] {
  if (authentication.type !== 'api_key') return [];
  const carrier = authentication.header.toLowerCase();
  const double = Object.keys(headers).find((name) => name.toLowerCase() === carrier);
  if (double === undefined) return [];
  return [{ field: `headers.${double}`, message: 'carries the authentication already' }];
}

function isBuiltIn(name: string): boolean {
  return BUILT_IN_VARIABLES.some((known) => known === name);
}
