import { ParleyFailure } from '../contract/failures.ts';
import type { Json } from '../domain/external-action.ts';
import { outcomeMessage } from '../domain/outcome-message.ts';
import { redactedRequest } from '../domain/redacted-request.ts';
import { buildRequest } from '../domain/webhook-request.ts';
import { throughFence, timeLeft } from './call-fence.ts';
import type { CallVerdict, Ready } from './call-fence.ts';
import { withHeartbeat } from './heartbeat.ts';
import { judgeAnswer } from './judge-answer.ts';
import { builtInValues } from '../domain/built-in-values.ts';
import type { ActivityPorts, Call, CallContext, CallRef, ExternalActionVersion } from './ports.ts';

type Ports = Pick<ActivityPorts, 'calls' | 'externalActions' | 'webhooks' | 'clock' | 'failpoint'>;

/**
 * One attempt at a builder's receiver under the call's key (EXT-5). An attempt that may be made again leaves as
 * CALL_TRY_AGAIN with the receiver's own Retry-After; Temporal waits.
 */
export function makeCallExternalAction(ports: Ports) {
  return ({
    attempts,
    regroup,
    answersSeq,
    ...ref
  }: CallRef & { attempts: number; regroup: boolean; answersSeq: number }): Promise<CallVerdict> =>
    throughFence(ports, ref, { regroup, answersSeq }, (ready) =>
      withHeartbeat((signal) =>
        attemptOnce(ports, { ref, ready, attemptsLeft: ready.attempt < attempts, signal }),
      ),
    );
}

interface OneAttempt {
  ref: CallRef;
  ready: Ready;
  attemptsLeft: boolean;
  signal: AbortSignal;
}

async function attemptOnce(
  ports: Ports,
  { ref, ready, attemptsLeft, signal }: OneAttempt,
): Promise<CallVerdict> {
  const { call, context, attempt } = ready;
  const { calls, clock, failpoint } = ports;
  const end = async (outcome: { state: 'failed'; reason: string }): Promise<CallVerdict> => {
    const ended = await calls.end(ref, { ...outcome, result: { ok: false } }, null, clock.now());
    return { kind: 'ended', state: ended.state, leaves: null };
  };
  const action = await actionOf(ports, ref, call);
  if (action === null) return end({ state: 'failed', reason: 'action_unknown' });
  const values = valuesOf(call, context);
  const request = buildRequest(action, values);
  if (request.kind === 'unusable') return end({ state: 'failed', reason: request.code });

  await failpoint('call.before');
  const timeoutMs = await timeLeft(ports, ref, ready);
  const answer = await ports.webhooks.call(
    {
      organisationId: ref.organisationId,
      secrets: { externalActionId: action.id, version: action.version },
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: request.body,
      idempotencyKey: call.idempotencyKey,
      callId: call.id,
      timeoutMs,
    },
    signal,
  );
  await failpoint('call.after');
  const judged = judgeAnswer(answer, attemptsLeft);
  const record = {
    request: redactedRequest(request, action.authentication),
    response: judged.kind === 'ended' ? judged.response : null,
    statusCode: answer.kind === 'answered' ? answer.status : null,
    error: judged.kind === 'ended' ? judged.reason : judged.code,
    durationMs: answer.durationMs,
  };
  if (judged.kind === 'again') {
    await calls.noteAttempt(ref, { ...record, attempt, inDoubt: true }, clock.now());
    throw new ParleyFailure('CALL_TRY_AGAIN', { retryAfterMs: judged.afterMs ?? undefined });
  }
  const succeeded = judged.state === 'succeeded';
  // A message that cannot be filled from this answer goes out as the default one: the log says why (EXT-3).
  const { problem } = outcomeMessage(action, judged.state, values, judged.response);
  const outcome = {
    state: judged.state,
    reason: judged.reason,
    result: { ok: succeeded, ...(judged.reason === null ? {} : { error: judged.reason }) },
  };
  const ended = await calls.end(ref, outcome, { ...record, error: record.error ?? problem }, clock.now());
  await failpoint('call.recorded');
  return { kind: 'ended', state: ended.state, leaves: null };
}

export async function actionOf(
  { externalActions }: Pick<ActivityPorts, 'externalActions'>,
  { organisationId }: { organisationId: string },
  call: Call,
): Promise<ExternalActionVersion | null> {
  if (call.externalAction === null) return null;
  const { id, version } = call.externalAction;
  return externalActions.version(organisationId, id, version);
}

/** What the templates of the call's action are filled with: its variables, and what every template may use. */
export function valuesOf(
  call: Call,
  context: Pick<CallContext, 'contact' | 'channel' | 'conversationId'>,
): Record<string, Json> {
  const { contact, channel, conversationId } = context;
  return {
    ...builtInValues({ contact, channel, conversationId, message: call.message, at: call.plannedAt }),
    ...(call.arguments as Record<string, Json>),
  };
}
