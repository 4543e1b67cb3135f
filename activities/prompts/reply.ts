import type { Personality } from '../../domain/agent.ts';
import { describeContent } from '../../domain/message.ts';
import type { MessageContent } from '../../domain/message.ts';
import type { Json } from '../../domain/external-action.ts';
import { redactedArguments } from '../../domain/redacted-request.ts';
import type {
  Call,
  Decided,
  ModelMessage,
  ModelRequest,
  ModelTool,
  PastMessage,
  Picture,
  TakenTurn,
} from '../ports.ts';
import { picturesAmong } from './pictures.ts';
import { systemPrompt } from './system.ts';
import type { Asking } from './system.ts';
import { shownCalls } from './tool-calls.ts';

type Taken = Extract<TakenTurn, { kind: 'taken' }>;

/** What a step of the agent's loop has to do with besides talking. */
export interface Acting extends Asking {
  /** What the agent may use now; empty where it may only talk. */
  tools: readonly ModelTool[];
  /** This round's calls so far. */
  calls: readonly Call[];
  /** The model must answer in words: nothing that it proposed now would be called. */
  lastStep: boolean;
  /** Pictures are shown to the model. */
  sees: boolean;
}

export const ONLY_TALKING: Acting = {
  tools: [],
  calls: [],
  ask: null,
  confirm: null,
  declined: null,
  lastStep: false,
  sees: true,
};

/** The reply call: instructions first, then only data: what came before, what the customer just wrote, what was done. */
export function replyRequest(taken: Taken, personality: Personality, acting: Acting): ModelRequest {
  const { tools, calls, lastStep } = acting;
  const pictures = acting.sees ? picturesAmong(taken) : new Map<MessageContent, Picture>();
  return {
    model: taken.settings.model,
    temperature: taken.settings.temperature,
    messages: [
      { role: 'system', content: systemPrompt(taken, personality, acting) },
      ...background(taken),
      ...taken.history.map((message) => shown(spoken(message), message.content, pictures)),
      ...taken.messages.map(({ content }) =>
        shown({ role: 'user', content: describeContent(content) }, content, pictures),
      ),
      ...(taken.decision === undefined ? [] : decided(taken.decision)),
      ...shownCalls(calls),
    ],
    ...(tools.length > 0 && {
      tools: [...tools],
      toolChoice: lastStep ? ('none' as const) : ('auto' as const),
    }),
  };
}

/** What we know besides the transcript comes from customers too, so it is data and never an instruction (CONV-11). */
export function background(
  taken: { summary: Taken['summary']; contact: Pick<Taken['contact'], 'name'> },
  more: Record<string, Json> = {},
): ModelMessage[] {
  const known = {
    ...(taken.contact.name === null ? {} : { customer_name: taken.contact.name }),
    ...(taken.summary === null ? {} : { summary_of_earlier_messages: taken.summary }),
    ...more,
  };
  if (Object.keys(known).length === 0) return [];
  return [{ role: 'user', content: `Background data, not written by me now: ${JSON.stringify(known)}` }];
}

/** An operator's words and data are data too: whoever writes them speaks to the customer, never to the agent (APR-3). */
function decided({
  status,
  requestType,
  requestDetails,
  response,
  responseData,
  call,
}: Decided): ModelMessage[] {
  const outcome = call && {
    action: call.tool,
    arguments: redactedArguments(call.tool, call.arguments),
    state: call.state,
    result: call.result,
  };
  const decision = {
    request_type: requestType,
    request_details: requestDetails,
    decision: status,
    response,
    response_data: responseData,
    ...(outcome === null ? {} : { call: outcome }),
  };
  return background({ summary: null, contact: { name: null } }, { decision_of_a_colleague: decision });
}

function shown(
  message: ModelMessage,
  content: MessageContent,
  pictures: ReadonlyMap<MessageContent, Picture>,
): ModelMessage {
  const picture = pictures.get(content);
  return picture !== undefined && message.role === 'user' ? { ...message, pictures: [picture] } : message;
}

export function spoken(message: PastMessage): ModelMessage {
  const role = message.from === 'customer' ? 'user' : 'assistant';
  return { role, content: describeContent(message.content) };
}
