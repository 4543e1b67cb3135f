import { ParleyFailure } from '../../contract/failures.ts';
import type { Json } from '../../domain/external-action.ts';
import type { Call, ModelAnswer, ModelMessage, ModelToolCall } from '../ports.ts';

/** So many proposals of one answer are looked at; a model that asks for more has lost its way. */
const MOST_CALLS = 8;

/** What the model decided in one step of the agent's loop. */
export type Decision = { kind: 'words'; text: string } | { kind: 'calls'; calls: ModelToolCall[] };

/** Calls win over words said beside them. Null when the answer holds neither. */
export function readAnswer(answer: ModelAnswer): Decision | null {
  if (answer.toolCalls.length > 0) return { kind: 'calls', calls: answer.toolCalls.slice(0, MOST_CALLS) };
  const text = answer.text?.trim() ?? '';
  return text === '' ? null : { kind: 'words', text };
}

/**
 * The answer of the last step, whose calls nobody makes: a loop has to end (CONV-5).
 * @throws ParleyFailure for good where there are only calls: a model that does not heed `toolChoice` never does.
 */
export function readLastAnswer(answer: ModelAnswer): Decision | null {
  const words = readAnswer({ ...answer, toolCalls: [] });
  if (words === null && answer.toolCalls.length > 0)
    throw new ParleyFailure('MODEL_ANSWER_UNUSABLE', { retryable: false });
  return words;
}

/**
 * The round's calls as the model has to see them: for each step what it asked for, and what came of it. Results are
 * data. Their ids are the calls' own, since an endpoint may give the same id, or none, in every answer.
 */
export function shownCalls(calls: readonly Call[]): ModelMessage[] {
  const steps = [...new Set(calls.map(({ step }) => step))].sort((a, b) => a - b);
  return steps.flatMap((step) => {
    const together = calls.filter((call) => call.step === step);
    return [
      {
        role: 'assistant' as const,
        content: '',
        toolCalls: together.map((call) => ({
          id: call.id,
          name: toolName(call.tool),
          arguments: proposedArguments(call),
        })),
      },
      ...together.map((call) => ({
        role: 'tool' as const,
        toolCallId: call.id,
        content: JSON.stringify(call.result ?? withoutResult(call)),
      })),
    ];
  });
}

/** A model may name a tool in a way that no endpoint takes back. */
function toolName(tool: string): string {
  return tool.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) || 'unnamed';
}

/** As the model wrote them; endpoints refuse a history with arguments that are no JSON. */
function proposedArguments({ proposal, arguments: resolved }: Call): string {
  if (proposal === null) return JSON.stringify(resolved);
  try {
    JSON.parse(proposal.arguments);
    return proposal.arguments;
  } catch {
    return JSON.stringify({ unreadable: proposal.arguments });
  }
}

function withoutResult({ state, reason }: Call): Json {
  return { ok: state === 'succeeded', state, ...(reason === null ? {} : { error: reason }) };
}
