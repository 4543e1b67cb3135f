import { ParleyFailure } from '../contract/failures.ts';
import { NODE_TYPES, gateOf } from '../domain/tool.ts';
import type { NodeType } from '../domain/tool.ts';
import { endedAs, throughFence, timeLeft } from './call-fence.ts';
import type { CallVerdict, Ready } from './call-fence.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ActivityPorts, CallOutcome, CallRef } from './ports.ts';
import { toolOf } from './tools/index.ts';
import type { Executed } from './tools/tool.ts';

/** How often a tool's other side is called at most; beyond it what is known is the outcome. */
const MOST_ATTEMPTS = 3;

/** Another side that asks for more patience than this is not waited for: the customer waits too. */
const LONGEST_WAIT_MS = 300_000;

export interface ToolOrder extends CallRef {
  regroup: boolean;
  answersSeq: number;
}

/** Another attempt at one of the agent's tools (ACT-1), where the first one, with the model's step, brought no end. */
export function makeCallTool(ports: ActivityPorts) {
  return (order: ToolOrder): Promise<CallVerdict> => withHeartbeat((signal) => tryTool(ports, order, signal));
}

/** One attempt. @throws ParleyFailure CALL_TRY_AGAIN where another may follow. */
export function tryTool(
  ports: ActivityPorts,
  { regroup, answersSeq, ...ref }: ToolOrder,
  signal: AbortSignal,
): Promise<CallVerdict> {
  return throughFence(ports, ref, { regroup, answersSeq }, (ready) => attemptOnce(ports, ref, ready, signal));
}

async function attemptOnce(
  ports: ActivityPorts,
  ref: CallRef,
  ready: Ready,
  signal: AbortSignal,
): Promise<CallVerdict> {
  const { call, context, attempt, repeat } = ready;
  const { calls, clock, failpoint } = ports;
  // What was offered a moment ago may have been switched off meanwhile, or asked about long ago (ACT-7).
  const gate = repeat ? null : gateOf(nodeType(call.tool), await ports.gates.gates(ref.organisationId));
  if (gate !== null) {
    const ended = await calls.end(ref, refused(gate), null, clock.now());
    return endedAs(ended, null);
  }
  await failpoint('call.before');
  const timeoutMs = await timeLeft(ports, ref, ready);
  const executed = await toolOf(nodeType(call.tool)).execute(ports, {
    call,
    context,
    repeat,
    signal,
    timeoutMs,
  });
  await failpoint('call.after');
  // What may not be repeated has had its only attempt, even where nothing happened.
  const last = attempt >= MOST_ATTEMPTS || call.reliability === 'none';
  // Only a look-up settles what an attempt before may have done.
  const inDoubt =
    executed.kind === 'try_again' &&
    (executed.code === 'outcome_unknown' || (repeat && call.reliability === 'keyed'));
  const tooLong = executed.kind === 'try_again' && (executed.afterMs ?? 0) > LONGEST_WAIT_MS;
  if (executed.kind === 'try_again' && !last && !tooLong) {
    await calls.noteAttempt(ref, { ...executed.attempt, attempt, inDoubt }, clock.now());
    throw new ParleyFailure('CALL_TRY_AGAIN', { retryAfterMs: executed.afterMs ?? undefined });
  }
  const outcome = executed.kind === 'ended' ? executed.outcome : givenUp(executed, inDoubt);
  const ended = await calls.end(ref, outcome, executed.attempt, clock.now());
  await failpoint('call.recorded');
  return endedAs(ended, executed.kind === 'ended' ? executed.leaves : null);
}

function refused(reason: string): CallOutcome {
  return { state: 'refused', reason, result: { ok: false, error: 'This action is not available.' } };
}

/** After the last attempt nobody looks any more: it failed, or nobody knows. */
function givenUp({ code }: Extract<Executed, { kind: 'try_again' }>, inDoubt: boolean): CallOutcome {
  if (!inDoubt) {
    const error = 'The other system did not answer. Nothing was done.';
    return { state: 'failed', reason: code, result: { ok: false, error } };
  }
  const error = 'It is not known whether this was done. A colleague will check; do not try it again.';
  return { state: 'unknown', reason: 'outcome_unknown', result: { ok: false, error } };
}

function nodeType(tool: string): NodeType {
  const known = NODE_TYPES.find((type) => type === tool || (type === 'api' && tool.startsWith('api_')));
  if (known === undefined) throw new ParleyFailure('CALL_UNKNOWN');
  return known;
}
