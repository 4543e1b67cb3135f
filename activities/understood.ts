import type { PendingApproval } from '../contract/approval.ts';
import type { ConversationRef } from '../contract/conversation.ts';
import type { CoreIntent } from '../domain/intents.ts';
import { approvalOf } from './call-fence.ts';
import type { NeedsMedia } from './due-files.ts';
import type { ActivityPorts, Call, CallStep, ExternalActionVersion, TakenTurn } from './ports.ts';

/** What the turn goes on with. Ids, names and numbers only: the words are in the call's row. */
export interface Understood {
  kind: 'understood';
  coreIntent: CoreIntent;
  /** The customer asked for a person. */
  wantsHuman: boolean;
  answersSeq: number;
  next:
    /** `declined`: the call the customer did not want. */
    | { do: 'talk'; declined: string | null }
    | { do: 'ask'; callId: string }
    | { do: 'confirm'; callId: string }
    /** An operator is asked, or has decided by now; of a tool the agent tells the customer in its own words. */
    | { do: 'await'; callId: string; inOwnWords: boolean; approval: PendingApproval | null }
    | { do: 'call'; callId: string; name: string; attempts: number; delayMs: number }
    /** A tool the customer agreed to. */
    | { do: 'run'; callId: string; tool: string };
}

export type UnderstandVerdict = Extract<TakenTurn, { kind: 'nothing' }> | NeedsMedia | Understood;

export function understood(
  coreIntent: CoreIntent,
  { answersSeq }: CallStep,
  next: Understood['next'],
): Understood {
  return { kind: 'understood', coreIntent, wantsHuman: false, answersSeq, next };
}

/** How the workflow goes on with a call as its row stands. */
export async function nextFor(
  { externalActions }: Pick<ActivityPorts, 'externalActions'>,
  ref: ConversationRef,
  call: Call,
  known?: ExternalActionVersion,
): Promise<Understood['next']> {
  const { id: callId, tool } = call;
  if (call.state === 'gathering') return { do: 'ask', callId };
  if (call.state === 'awaiting_confirmation') return { do: 'confirm', callId };
  if (call.askedAt !== undefined)
    return { do: 'await', callId, inOwnWords: call.externalAction === null, approval: approvalOf(call) };
  if (call.externalAction === null) return { do: 'run', callId, tool };
  const { id, version } = call.externalAction;
  const action = known ?? (await externalActions.version(ref.organisationId, id, version));
  return { do: 'call', callId, ...callingPolicy(action) };
}

export interface CallingPolicy {
  name: string;
  attempts: number;
  delayMs: number;
}

/** How often and how patiently the builder wants the receiver called (EXT-1). */
export function callingPolicy(action: ExternalActionVersion | null): CallingPolicy {
  if (action === null) return { name: 'external_action', attempts: 1, delayMs: 1_000 };
  const attempts = action.retryOnFailure ? action.maxRetries : 1;
  return { name: action.actionName, attempts, delayMs: action.retryDelaySeconds * 1000 };
}
