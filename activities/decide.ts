import type { Json } from '../domain/external-action.ts';
import { bestMatch } from '../domain/matching.ts';
import { resolveVariables } from '../domain/variables.ts';
import type { Call, CancelReason, ExternalActionVersion } from './ports.ts';
import type { Offered, Understanding } from './prompts/understanding.ts';

/** What is to be done about what was understood. */
export type Decision =
  /** Nothing is called; `cancel` says what becomes of the call that waited. */
  | { kind: 'talk'; cancel: CancelReason | null }
  /** The customer agreed to the call that waited. */
  | { kind: 'agreed'; call: Call }
  | {
      kind: 'act';
      action: ExternalActionVersion;
      values: Record<string, Json>;
      /** Required variables the customer has to be asked for. */
      missing: string[];
      confidence: number;
      cancel: CancelReason | null;
    };

/**
 * What a turn does, from what the model understood and the builder's rules alone (INT-2, EXT-2, EXT-4): an answer to
 * the question that is open comes first, then the best match, else the agent talks.
 */
export function decide(understood: Understanding, { actions, open }: Offered): Decision {
  if (open === null) return anew(understood, actions, null);
  switch (understood.pendingAnswer) {
    case 'agrees':
      return open.state === 'awaiting_confirmation'
        ? { kind: 'agreed', call: open }
        : goOn(understood, actions, open);
    case 'refuses':
      return { kind: 'talk', cancel: 'customer_refused' };
    case 'changes':
      return goOn(understood, actions, open);
    case 'other':
    case null:
      return anew(understood, actions, 'other_topic');
  }
}

function anew(
  { candidates }: Understanding,
  actions: readonly ExternalActionVersion[],
  cancel: CancelReason | null,
): Decision {
  const match = bestMatch(candidates, actions);
  if (match === null) return { kind: 'talk', cancel };
  const { values, missing } = resolveVariables(match.action.variables, match.variables);
  return { kind: 'act', action: match.action, values, missing, confidence: match.confidence, cancel };
}

/** The same action with what was said before and what is said now; that it is meant was settled when it was matched. */
function goOn(understood: Understanding, actions: readonly ExternalActionVersion[], open: Call): Decision {
  const action = actions.find(({ id }) => id === open.externalAction?.id);
  // A tool's arguments are not patched: the agent proposes it anew with what it now knows.
  if (action === undefined) return { kind: 'talk', cancel: 'replaced' };
  const said = understood.candidates.find((candidate) => candidate.action === action.actionName);
  const given = { ...(open.arguments as Record<string, Json>), ...said?.variables };
  const { values, missing } = resolveVariables(action.variables, given);
  const confidence = Math.max(open.confidence ?? 0, said?.confidence ?? 0);
  return { kind: 'act', action, values, missing, confidence, cancel: 'replaced' };
}
