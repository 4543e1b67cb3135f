import type { PendingApproval } from '../contract/approval.ts';
import { ParleyFailure } from '../contract/failures.ts';
import type { Effect } from '../domain/call.ts';
import { hasEnded } from '../domain/call.ts';
import { NODE_TYPES } from '../domain/tool.ts';
import { approvalOf, leavingOf } from './call-fence.ts';
import type { CallVerdict } from './call-fence.ts';
import { tryTool } from './call-tool.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ActivityPorts, Call, Leaving } from './ports.ts';

/** What became of the calls of one step. Ids, names and states: the history shows it. */
export interface CallsVerdict {
  kind: 'calls';
  /**
   * `to_run`: not tried, or to be tried again, `afterMs` where the other side asked to wait; `waits`: the customer is
   * asked first.
   */
  calls: { callId: string; tool: string; is: 'ended' | 'to_run' | 'waits'; afterMs?: number }[];
  answersSeq: number;
  /** Something may have happened outside: the turn is not started over any more. */
  acted: boolean;
  /** The fence sent the turn back to its beginning. */
  refused: boolean;
  leaves: Leaving | null;
  /** Requests to operators that were filed, and whose decision somebody has to wait for; absent: none. */
  approvals?: PendingApproval[];
}

/** The rows of a step as an earlier run of it left them. */
export function standingCalls(rows: readonly Call[], answersSeq: number): CallsVerdict {
  const leaves = rows.map(({ result }) => leavingOf(result)).find((leaving) => leaving !== null) ?? null;
  const acted = rows.some(({ attempts, askedAt }) => attempts > 0 || askedAt !== undefined);
  const approvals = rows.map(approvalOf).filter((approval) => approval !== null);
  const verdict = {
    kind: 'calls' as const,
    calls: rows.map(shown),
    answersSeq,
    acted,
    refused: false,
    leaves,
  };
  return approvals.length === 0 ? verdict : { ...verdict, approvals };
}

function shown({ id, tool, state, reason, askedAt }: Call): CallsVerdict['calls'][number] {
  // A name that the model made up may hold anything, a customer's words too.
  const madeUp = reason === 'not_offered' && !NODE_TYPES.some((known) => known === tool);
  const call = { callId: id, tool: madeUp ? 'unknown' : tool };
  if (state === 'awaiting_confirmation') return { ...call, is: 'waits' };
  // What an operator was asked about is made when they have decided, in another turn.
  const isOver = hasEnded(state) || askedAt !== undefined;
  return { ...call, is: isOver ? 'ended' : 'to_run' };
}

/**
 * The first attempt at what a step planned, in the very activity of the step: a task of its own for each would double
 * what a tool costs the history. What needs another attempt is left to `callTool`, whose waits and errors show there.
 * Reads run side by side, writes one after the other; nothing follows a write that has not ended (ACT-8).
 */
export async function runCalls(
  ports: ActivityPorts,
  planned: readonly { row: Call; effect: Effect }[],
  { mayStartOver, answersSeq }: { mayStartOver: boolean; answersSeq: number },
): Promise<CallsVerdict> {
  const verdict: CallsVerdict = {
    ...standingCalls(
      planned.map(({ row }) => row),
      answersSeq,
    ),
  };
  const runs = planned.filter(({ row }) => row.state === 'planned' && row.askedAt === undefined);
  for (const together of sideBySide(runs)) {
    const regroup = mayStartOver && !verdict.acted;
    const tried = await Promise.all(together.map(({ row }) => tryOnce(ports, row, { regroup, answersSeq })));
    // The fence has put aside what was planned behind the tool that gave the conversation away.
    if (verdict.leaves !== null) break;
    if (tried.some(({ kind }) => kind === 'refused')) return { ...verdict, refused: true };
    // A read changes nothing outside: newer messages may still start the turn over.
    verdict.acted ||= together.some(({ effect }) => effect === 'write');
    for (const [at, each] of tried.entries()) {
      if (each.kind === 'ended') {
        verdict.leaves ??= each.leaves;
        if (each.approval !== undefined) verdict.approvals = [...(verdict.approvals ?? []), each.approval];
      }
      verdict.calls = verdict.calls.map((call) =>
        call.callId === together[at]?.row.id ? became(call, each) : call,
      );
    }
    if (tried.some(({ kind }) => kind === 'again')) break;
  }
  return verdict;
}

type Tried = CallVerdict | { kind: 'again'; afterMs: number | undefined };

function became(call: CallsVerdict['calls'][number], tried: Tried): CallsVerdict['calls'][number] {
  if (tried.kind === 'ended') return { ...call, is: 'ended' };
  return tried.kind === 'again' && tried.afterMs !== undefined ? { ...call, afterMs: tried.afterMs } : call;
}

async function tryOnce(
  ports: ActivityPorts,
  { id, organisationId }: Call,
  options: { regroup: boolean; answersSeq: number },
): Promise<Tried> {
  try {
    return await withHeartbeat((signal) =>
      tryTool(ports, { organisationId, callId: id, ...options }, signal),
    );
  } catch (error) {
    if (error instanceof ParleyFailure && error.code === 'CALL_TRY_AGAIN')
      return { kind: 'again', afterMs: error.retryAfterMs };
    throw error;
  }
}

/** Neighbouring reads together, each write alone. */
function sideBySide<T extends { effect: Effect }>(calls: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const call of calls) {
    const last = groups.at(-1);
    if (call.effect === 'read' && last?.[0]?.effect === 'read') last.push(call);
    else groups.push([call]);
  }
  return groups;
}
