import { toFile } from 'openai';
import { ParleyFailure } from '../../contract/failures.ts';
import type { Hearing, Transcriber } from '../../activities/ports.ts';
import { CALL_TIMEOUT_MS, openClient, withinDeadline } from './client.ts';
import type { ModelConfig } from './client.ts';
import { modelFailure } from './model-failure.ts';

/** Endpoints tell the kind of a recording by its name. */
const ENDINGS: Readonly<Record<string, string>> = {
  'audio/aac': 'aac',
  'audio/amr': 'amr',
  'audio/flac': 'flac',
  'audio/mp4': 'm4a',
  'audio/mpeg': 'mp3',
  'audio/ogg': 'ogg',
  'audio/wav': 'wav',
  'audio/webm': 'webm',
};

/**
 * `/audio/transcriptions` of any OpenAI-compatible endpoint. The customer's own name of the file does not leave the house.
 * Throws as `openModel` does; what an endpoint cannot read is MODEL_REFUSED.
 */
export function openTranscriber(config: ModelConfig): Transcriber {
  const { name, timeoutMs = CALL_TIMEOUT_MS } = config;
  const client = openClient(config);
  return {
    transcribe: ({ bytes, mimeType }, signal) =>
      withinDeadline(timeoutMs, signal, async (deadline) => {
        try {
          const file = await toFile(bytes, `recording.${ENDINGS[mimeType] ?? 'bin'}`, { type: mimeType });
          const asked = { file, model: name, response_format: 'json' as const };
          return toHearing(await client.audio.transcriptions.create(asked, { signal: deadline }), name);
        } catch (error) {
          signal.throwIfAborted();
          throw modelFailure(error);
        }
      }),
  };
}

interface Transcribed {
  text: string;
  usage?:
    { type: 'tokens'; input_tokens: number; output_tokens: number } | { type: 'duration'; seconds: number };
}

function toHearing(answer: Transcribed, model: string): Hearing {
  if (typeof answer?.text !== 'string')
    throw new ParleyFailure('MODEL_UNAVAILABLE', { cause: new Error('the answer has no text') });
  const { text, usage } = answer;
  const tokens = usage?.type === 'tokens' ? usage : null;
  return {
    text,
    model,
    inputTokens: tokens?.input_tokens ?? 0,
    outputTokens: tokens?.output_tokens ?? 0,
    seconds: usage?.type === 'duration' ? usage.seconds : null,
  };
}
