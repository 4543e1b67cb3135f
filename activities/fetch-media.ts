import { createHash } from 'node:crypto';
import type { ConversationRef } from '../contract/conversation.ts';
import { ParleyFailure } from '../contract/failures.ts';
import { judgeFile } from '../domain/file-type.ts';
import { isHeard } from '../domain/media.ts';
import { hear } from './hear.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ActivityPorts, DueMedia, Recording } from './ports.ts';

type Ports = Pick<ActivityPorts, 'clock' | 'media' | 'mediaSource' | 'transcriber' | 'transcript'>;

export interface MediaOrder extends ConversationRef {
  /** For the trace. */
  turn: number;
  /** The messages whose files they are: ids only. */
  messages: string[];
}

/** What was done; counts only. */
export interface MediaDone {
  stored: number;
  refused: number;
  transcribed: number;
}

/** A provider may ask for an hour; a customer waits for an answer. */
const LONGEST_WAIT_MS = 10_000;

/**
 * Fetches the files of messages and writes down what recordings say, each once: what an earlier attempt has done is not
 * done again. One that has to be tried again holds up none of the others.
 */
export function makeFetchMedia(ports: Ports) {
  return ({ turn, messages, ...ref }: MediaOrder): Promise<MediaDone> =>
    withHeartbeat(async (signal) => {
      const done: MediaDone = { stored: 0, refused: 0, transcribed: 0 };
      let failed: ParleyFailure | null = null;
      for (const due of await ports.media.due(ref, messages)) {
        try {
          await dealWith(ports, { ref, turn, due, signal }, done);
        } catch (error) {
          if (!(error instanceof ParleyFailure) || !error.retryable) throw error;
          failed = error;
        }
      }
      if (failed !== null) throw patiently(failed);
      return done;
    });
}

interface Dealing {
  ref: ConversationRef;
  turn: number;
  due: DueMedia;
  signal: AbortSignal;
}

async function dealWith(ports: Ports, dealing: Dealing, done: MediaDone): Promise<void> {
  const { ref, turn, due, signal } = dealing;
  const { messageId, stored } = due;
  const recording =
    stored === null ? await fetched(ports, dealing) : await kept(ports, ref, messageId, stored);
  if (stored === null) done[recording === null ? 'refused' : 'stored']++;
  if (recording === null || !isHeard(due.content.kind, recording.mimeType)) return;
  if (await hear(ports, { ref, turn, messageId, signal }, recording)) done.transcribed++;
}

/** An earlier attempt, or the visitor, brought it. Null: it was erased since. */
async function kept(
  { media }: Ports,
  ref: ConversationRef,
  messageId: string,
  { mimeType }: { mimeType: string },
): Promise<Recording | null> {
  const bytes = (await media.bytes(ref, [messageId])).get(messageId);
  return bytes === undefined ? null : { bytes, mimeType };
}

/** Null: it was refused, with the reason. */
async function fetched(
  { media, mediaSource, clock }: Ports,
  { ref, due: { messageId, content, source }, signal }: Dealing,
): Promise<Recording | null> {
  const found = await mediaSource.fetch(source, content, signal);
  if (found.kind === 'try_again')
    throw new ParleyFailure('MEDIA_TRY_AGAIN', { retryAfterMs: found.afterMs ?? undefined });
  const verdict =
    found.kind === 'refused'
      ? ({ kept: false, refusal: found.refusal } as const)
      : judgeFile(found.bytes, {
          kind: content.kind,
          mimeType: content.mimeType ?? found.claimedType ?? undefined,
        });
  if (!verdict.kept || found.kind === 'refused') {
    await media.refuse(ref, messageId, verdict.kept ? 'unavailable' : verdict.refusal, clock.now());
    return null;
  }
  const { mimeType } = verdict;
  const { bytes } = found;
  const sha256 = createHash('sha256').update(bytes).digest();
  const file = { bytes, mimeType, sha256, isHeard: isHeard(content.kind, mimeType) };
  await media.keep(ref, messageId, file, clock.now());
  return { bytes, mimeType };
}

function patiently(failed: ParleyFailure): ParleyFailure {
  const { code, cause, retryAfterMs } = failed;
  if (retryAfterMs === undefined || retryAfterMs <= LONGEST_WAIT_MS) return failed;
  return new ParleyFailure(code, { cause, retryAfterMs: LONGEST_WAIT_MS });
}

/** What could not be fetched or understood in time: the conversation goes on without it. */
export function makeGiveUpMedia({ media, clock }: Pick<Ports, 'media' | 'clock'>) {
  return async ({ messages, organisationId, conversationId }: MediaOrder): Promise<void> => {
    await media.giveUp({ organisationId, conversationId }, messages, clock.now());
  };
}
