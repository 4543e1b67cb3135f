import type { ConversationRef } from '../contract/conversation.ts';
import type { Effect } from '../domain/call.ts';
import type { Json } from '../domain/external-action.ts';
import { describeContent } from '../domain/message.ts';
import { needsApproval } from '../domain/approval.ts';
import type { AgentTool } from '../domain/tool.ts';
import { digestOf } from './digest.ts';
import type { OfferedTool } from './offered-tools.ts';
import { builtInValues } from '../domain/built-in-values.ts';
import type { ActivityPorts, CallContext, ModelToolCall, NewCall, TakenTurn } from './ports.ts';

type Taken = Extract<TakenTurn, { kind: 'taken' }>;

export type Judged = NewCall & { effect: Effect };

interface Proposals {
  ref: ConversationRef;
  taken: Taken;
  context: CallContext;
  offered: readonly OfferedTool[];
  proposed: readonly ModelToolCall[];
  /** When they are planned, if they are: an edit fills in the same time again. */
  now: Date;
}

/**
 * What becomes of the calls a model proposes: each is judged by the tool's own rules, and by what was done before
 * (ACT-8). What is refused is written down too, and the model is told why. Only one may wait for the customer.
 */
export async function judgeProposals(
  { calls }: Pick<ActivityPorts, 'calls'>,
  { ref, taken, context, offered, proposed, now }: Proposals,
): Promise<Judged[]> {
  const message = taken.messages.map(({ content }) => describeContent(content)).join('\n');
  const placeholders = builtInValues({
    contact: taken.contact,
    channel: taken.channel,
    conversationId: ref.conversationId,
    message,
    at: now,
  });
  const judged: Judged[] = [];
  for (const proposal of proposed) {
    const found = offered.find(({ offer }) => offer.name === proposal.name);
    const base = { ...emptyCall(proposal, message) };
    if (found === undefined) {
      judged.push(refused(base, 'not_offered', 'This action is not available.'));
      continue;
    }
    const resolved = found.tool.resolve(found.added, jsonOrNull(proposal.arguments), {
      context,
      placeholders,
    });
    if (resolved.kind === 'refused') {
      judged.push(refused(base, resolved.code, resolved.message));
      continue;
    }
    const digest = digestOf(proposal.name, resolved.arguments);
    const call = { ...base, arguments: resolved.arguments, digest, reliability: resolved.reliability };
    const made =
      resolved.effect === 'read'
        ? null
        : await calls.madeBefore(ref, taken.turn, { tool: proposal.name, digest });
    if (
      made === 'this_turn' ||
      judged.some((other) => other.digest === digest && other.state !== 'refused')
    ) {
      judged.push(
        refused(call, 'made_in_this_turn', 'This was done already in this turn. Do not do it again.'),
      );
      continue;
    }
    const args = resolved.arguments as Record<string, Json>;
    const facts = conditionFacts(found.added, proposal, args);
    const needed = needsApproval(found.added.needsApproval ?? null, facts);
    if (needed && (await calls.waitingForApproval(ref, { tool: proposal.name, digest })) !== null) {
      judged.push(refused(call, 'waits_for_approval', WAITS_ALREADY));
      continue;
    }
    const again = made === 'earlier_turn' && found.tool.creates;
    const asks = again || found.added.requiresConfirmation;
    if (asks && judged.some(({ state }) => state === 'awaiting_confirmation')) {
      judged.push(refused(call, 'one_question_at_a_time', 'Another action waits for the customer first.'));
      continue;
    }
    judged.push({
      ...call,
      effect: resolved.effect,
      needsApproval: needed,
      state: asks ? 'awaiting_confirmation' : needed ? 'awaiting_approval' : 'planned',
      reason: again ? 'made_before' : null,
      result: asks ? { ok: false, waiting: 'The customer has to agree first. Ask them.' } : null,
    });
  }
  return judged;
}

const WAITS_ALREADY =
  'The very same waits for a colleague to agree. Do not ask for it again; say that it waits.';

/**
 * The names of a rule are those of the model's parameters, and of what the builder fixed. What an `api` call resolves to
 * is a request: a parameter that is called like one of its parts, such as `method`, is meant and not that.
 */
function conditionFacts(
  { nodeType }: AgentTool,
  proposal: ModelToolCall,
  resolved: Record<string, Json>,
): Record<string, Json> {
  const proposed = jsonOrNull(proposal.arguments);
  const isObject = typeof proposed === 'object' && proposed !== null && !Array.isArray(proposed);
  const models = isObject ? proposed : {};
  return nodeType === 'api' ? models : { ...models, ...resolved };
}

function emptyCall(proposal: ModelToolCall, message: string): Omit<NewCall, 'state'> {
  return {
    tool: proposal.name,
    externalAction: null,
    proposal: { id: proposal.id, arguments: proposal.arguments },
    arguments: null,
    // Of a call that cannot be made there is no other of its kind.
    digest: digestOf(proposal.name, proposal.id),
    reliability: 'none',
    reason: null,
    result: null,
    confidence: null,
    message,
    missing: [],
  };
}

function refused(call: Omit<NewCall, 'state'>, reason: string, error: string): Judged {
  return { ...call, effect: 'write', state: 'refused', reason, result: { ok: false, error } };
}

function jsonOrNull(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The parser's message quotes the model's words; the tool's own rule refuses null.
    return null;
  }
}
