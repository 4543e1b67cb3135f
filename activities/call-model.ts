import type { ConversationRef } from '../contract/conversation.ts';
import { ParleyFailure } from '../contract/failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ActivityPorts, ModelAnswer, ModelRequest, TurnStep } from './ports.ts';

export interface ModelCall {
  ref: ConversationRef;
  turn: number;
  kind: TurnStep['kind'];
  request: ModelRequest;
  /** The bytes of the pictures that the request names. */
  pictures?: ReadonlyMap<string, Buffer>;
}

/**
 * One model call and its trace row. The caller writes the row of a call that went well together with what it
 * made of it; a call that failed is written here. An answer that `read` refuses (null) is a failure that
 * another attempt may cure.
 */
export async function callModel<T>(
  ports: Pick<ActivityPorts, 'clock' | 'model' | 'transcript'>,
  call: ModelCall,
  read: (answer: ModelAnswer) => T | null,
): Promise<{ answer: T; step: TurnStep }> {
  const began = ports.clock.now().getTime();
  const step = (answer: ModelAnswer | null, failure: string | null): TurnStep => ({
    turn: call.turn,
    kind: call.kind,
    model: answer?.model ?? call.request.model ?? null,
    request: call.request,
    response: answer,
    inputTokens: answer?.inputTokens ?? 0,
    outputTokens: answer?.outputTokens ?? 0,
    durationMs: ports.clock.now().getTime() - began,
    failure,
  });
  let answer: ModelAnswer | null = null;
  try {
    answer = await withHeartbeat((signal) => ports.model.complete(call.request, signal, call.pictures));
    const understood = read(answer);
    if (understood === null) throw new ParleyFailure('MODEL_ANSWER_UNUSABLE');
    return { answer: understood, step: step(answer, null) };
  } catch (error) {
    const code = error instanceof ParleyFailure ? error.code : 'UNEXPECTED';
    await ports.transcript.recordStep(call.ref, step(answer, code), ports.clock.now());
    throw error;
  }
}
