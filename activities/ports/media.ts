import type { ConversationRef } from '../../contract/conversation.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { MediaRefusal } from '../../domain/media.ts';
import type { MediaContent } from '../../domain/message.ts';
import type { TurnStep } from './transcript.ts';

/** Customers' files, as the store keeps them. Every method may be repeated; what was decided once stands. */
export interface MediaStore {
  /** Those of these messages whose file is still to be fetched, or to be listened to. */
  due(ref: ConversationRef, messageIds: readonly string[]): Promise<DueMedia[]>;
  keep(ref: ConversationRef, messageId: string, file: KeptFile, now: Date): Promise<void>;
  refuse(ref: ConversationRef, messageId: string, refusal: MediaRefusal, now: Date): Promise<void>;
  /** What a recording says, with the trace of the model call; a null text: it could not be understood. */
  heard(
    ref: ConversationRef,
    messageId: string,
    heard: { text: string | null; step: TurnStep | null },
    now: Date,
  ): Promise<void>;
  /** What is still due by now will not come: it is refused as unavailable, or cannot be transcribed. */
  giveUp(ref: ConversationRef, messageIds: readonly string[], now: Date): Promise<void>;
  /** The bytes of those that are stored. */
  bytes(ref: ConversationRef, messageIds: readonly string[]): Promise<ReadonlyMap<string, Buffer>>;
}

export interface DueMedia {
  messageId: string;
  content: MediaContent;
  source: MediaPlace;
  /** It is here already, and only to be listened to. */
  stored: { mimeType: string } | null;
}

/** Where a file came from, and with whose credentials it is fetched. */
export interface MediaPlace {
  organisationId: string;
  channel: ChannelKind;
  channelIntegrationId: string;
  /** As a delivery's: changes whenever the integration's settings or secrets do. */
  integrationVersion: number;
}

export interface KeptFile {
  bytes: Buffer;
  mimeType: string;
  sha256: Buffer;
  /** It says something that is to be written down. */
  isHeard: boolean;
}

export type FetchedMedia =
  /** `claimedType`: what the provider says it is. */
  | { kind: 'fetched'; bytes: Buffer; claimedType: string | null }
  | { kind: 'refused'; refusal: MediaRefusal }
  /** Not before this many milliseconds; null: the caller's own backoff. */
  | { kind: 'try_again'; afterMs: number | null; code: string };

/** Where the bytes are: the provider, or the address that was named. Never throws for what the other side does. */
export interface MediaSource {
  fetch(place: MediaPlace, content: MediaContent, signal: AbortSignal): Promise<FetchedMedia>;
}

export interface Recording {
  bytes: Buffer;
  mimeType: string;
}

export interface Hearing {
  text: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
  /** How much was listened to, where the endpoint counts that. */
  seconds: number | null;
}

/** What a recording says. Throws ParleyFailure with a MODEL_ code; never retries by itself. */
export interface Transcriber {
  transcribe(recording: Recording, signal: AbortSignal): Promise<Hearing>;
}
