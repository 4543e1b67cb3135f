import { MODEL_PRIORITIES } from './approval.ts';
import type { ModelPriority } from './approval.ts';
import type { Json } from './external-action.ts';
import type { FieldProblem } from './field-problem.ts';
import { textProblem } from './field-problem.ts';

/** What a model asks of an operator, read and within its limits (APR-1). All else the system fills in by itself. */
export interface ApprovalRequest {
  requestType: string;
  requestDetails: string;
  priority: ModelPriority;
  /** Null: none was given. */
  requestData: Json;
}

export const LONGEST_REQUEST_TYPE = 100;
export const LONGEST_REQUEST_DETAILS = 2_000;
/** Bytes of the JSON text, in UTF-8. */
export const LARGEST_REQUEST_DATA = 10 * 1024;
/** Whoever writes deeper data as text again would run out of stack. */
const DEEPEST_REQUEST_DATA = 64;

const FIELDS = ['request_type', 'request_details', 'priority', 'request_data'];

/** The model's arguments as a request, or everything that is wrong with them, each with the limit it breaks. */
export function readApprovalRequest(
  input: unknown,
): { kind: 'request'; request: ApprovalRequest } | { kind: 'problems'; problems: FieldProblem[] } {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return { kind: 'problems', problems: [{ field: '', message: 'must be a JSON object' }] };
  const {
    request_type,
    request_details,
    priority = 'medium',
    request_data,
  } = input as Record<string, unknown>;
  const data = readData(request_data);
  const problems = [
    ...wordsProblems('request_type', request_type, LONGEST_REQUEST_TYPE),
    ...wordsProblems('request_details', request_details, LONGEST_REQUEST_DETAILS),
    ...(isPriority(priority)
      ? []
      : [{ field: 'priority', message: `must be one of ${MODEL_PRIORITIES.join(', ')}` }]),
    ...('message' in data ? [{ field: 'request_data', message: data.message }] : []),
    ...Object.keys(input)
      .filter((name) => !FIELDS.includes(name))
      .slice(0, 10)
      .map((field) => ({ field, message: 'is not for the model to fill in' })),
  ];
  if (problems.length > 0 || 'message' in data || !isPriority(priority))
    return { kind: 'problems', problems };
  const [requestType, requestDetails] = [String(request_type).trim(), String(request_details).trim()];
  return { kind: 'request', request: { requestType, requestDetails, priority, requestData: data.value } };
}

/** All that is wrong with a model's arguments; none: `readApprovalRequest` reads them. */
export function approvalRequestProblems(input: unknown): FieldProblem[] {
  const read = readApprovalRequest(input);
  return read.kind === 'problems' ? read.problems : [];
}

function wordsProblems(field: string, value: unknown, most: number): FieldProblem[] {
  if (value === undefined || value === null) return [{ field, message: 'is missing' }];
  if (typeof value !== 'string') return [{ field, message: 'must be a text' }];
  const message = textProblem(value, most);
  return message === null ? [] : [{ field, message }];
}

/** Models write an empty text where they have no data. */
function readData(text: unknown): { value: Json } | { message: string } {
  if (text === undefined || text === null || text === '') return { value: null };
  if (typeof text !== 'string') return { message: 'must be a text that holds JSON' };
  if (new TextEncoder().encode(text).length > LARGEST_REQUEST_DATA)
    return { message: `must be at most 10 KB (${LARGEST_REQUEST_DATA} bytes)` };
  try {
    const value = JSON.parse(text) as Json;
    return isStorable(value, DEEPEST_REQUEST_DATA)
      ? { value }
      : {
          message: `must be nested at most ${DEEPEST_REQUEST_DATA} levels deep, of characters that can be stored`,
        };
  } catch {
    // The parser's own words would quote the text.
    return { message: 'is not valid JSON' };
  }
}

function isStorable(value: Json, levels: number): boolean {
  if (typeof value === 'string') return !/[\0\p{Surrogate}]/u.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return (
    levels > 0 &&
    Object.entries(value).every(([name, inner]) => isStorable(name, 1) && isStorable(inner, levels - 1))
  );
}

function isPriority(priority: unknown): priority is ModelPriority {
  return (MODEL_PRIORITIES as readonly unknown[]).includes(priority);
}

/** A request that was filed, as what the model is told of it has it. Epoch milliseconds. */
interface Filed {
  actionId: string;
  remindAt: number | null;
  expiresAt: number;
}

/** What the model is told of a request that was filed (APR-1). */
export function filedResult({ actionId, remindAt, expiresAt }: Filed): Record<string, Json> {
  const message =
    'The request was submitted. An operator decides; tell the customer that it is being looked at.';
  const times = {
    ...(remindAt === null ? {} : { remind_at: new Date(remindAt).toISOString() }),
    expires_at: new Date(expiresAt).toISOString(),
  };
  return { success: true, action_id: actionId, status: 'pending', message, ...times };
}

/** The request that such a result tells of; null: it tells of none. */
export function readFiledResult(result: Json): Filed | null {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return null;
  const { success, action_id: actionId, remind_at, expires_at } = result;
  if (success !== true || typeof actionId !== 'string' || typeof expires_at !== 'string') return null;
  const remindAt = typeof remind_at === 'string' ? Date.parse(remind_at) : null;
  return { actionId, remindAt, expiresAt: Date.parse(expires_at) };
}
