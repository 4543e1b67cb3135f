import type { ConversationRef } from '../contract/conversation.ts';
import { ParleyFailure } from '../contract/failures.ts';
import type { ActivityPorts, Hearing, Recording, TurnStep } from './ports.ts';

/** As much as a customer may write in one message; who speaks for hours is read no further. */
const LONGEST_TRANSCRIPT = 16_000;

interface Listening {
  ref: ConversationRef;
  turn: number;
  messageId: string;
  signal: AbortSignal;
}

/**
 * Has a recording written down, once, with its row of the trace. False: the endpoint refused it, or there is nothing to be
 * heard. An endpoint that is away or throttles fails the attempt.
 */
export async function hear(
  {
    clock,
    media,
    transcriber,
    transcript,
  }: Pick<ActivityPorts, 'clock' | 'media' | 'transcriber' | 'transcript'>,
  { ref, turn, messageId, signal }: Listening,
  recording: Recording,
): Promise<boolean> {
  const began = clock.now().getTime();
  const step = (hearing: Hearing | null, failure: string | null): TurnStep => ({
    turn,
    kind: 'transcribe',
    model: hearing?.model ?? null,
    request: { file: messageId, mime_type: recording.mimeType, size: recording.bytes.length },
    response: hearing && { text: hearing.text, seconds: hearing.seconds },
    inputTokens: hearing?.inputTokens ?? 0,
    outputTokens: hearing?.outputTokens ?? 0,
    durationMs: clock.now().getTime() - began,
    failure,
  });
  try {
    const hearing = await transcriber.transcribe(recording, signal);
    const said = hearing.text.trim().slice(0, LONGEST_TRANSCRIPT);
    const text = said === '' ? null : said;
    await media.heard(ref, messageId, { text, step: step(hearing, null) }, clock.now());
    return text !== null;
  } catch (error) {
    if (!(error instanceof ParleyFailure) || !error.code.startsWith('MODEL_')) throw error;
    const failed = step(null, error.code);
    if (error.retryable) {
      await transcript.recordStep(ref, failed, clock.now());
      throw error;
    }
    await media.heard(ref, messageId, { text: null, step: failed }, clock.now());
    return false;
  }
}
