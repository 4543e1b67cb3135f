import type { ExternalAction } from './external-action.ts';

/** An external action the model thinks could be meant. */
export interface Candidate {
  /** Its `actionName`, as the model wrote it. */
  action: string;
  /** 0 to 1. */
  confidence: number;
  variables: Record<string, unknown>;
}

export interface Match<Action> {
  action: Action;
  confidence: number;
  variables: Record<string, unknown>;
}

/**
 * The external action that a turn is about, or null (INT-2): a candidate below its action's own threshold is no
 * match; among matches the higher priority wins, then the higher confidence, then the order of `actions`. Names that
 * are not on offer count for nothing; of an action named twice the surer candidate counts.
 */
export function bestMatch<
  Action extends Pick<ExternalAction, 'actionName' | 'priority' | 'confidenceThreshold'>,
>(candidates: readonly Candidate[], actions: readonly Action[]): Match<Action> | null {
  let best: Match<Action> | null = null;
  for (const action of actions) {
    for (const { action: name, confidence, variables } of candidates) {
      // Written so that a confidence that is no number is no match either.
      if (name !== action.actionName || !(confidence >= action.confidenceThreshold)) continue;
      if (best === null || wins(action.priority, confidence, best)) best = { action, confidence, variables };
    }
  }
  return best;
}

function wins(priority: number, confidence: number, best: Match<{ priority: number }>): boolean {
  if (priority !== best.action.priority) return priority > best.action.priority;
  return confidence > best.confidence;
}
