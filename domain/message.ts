import { describeMedia, isDue, MEDIA_KINDS } from './media.ts';
import type { MediaFile, MediaKind } from './media.ts';

/** A file as a channel announced it: where it is, and what it is said to be. */
export interface MediaContent {
  kind: MediaKind;
  mediaId?: string;
  url?: string;
  mimeType?: string;
  caption?: string;
  fileName?: string;
  /** What became of it. Read beside the message and never stored with it. */
  file?: MediaFile;
}

/** What a customer sent, as what it is (CHAN-7). Urls and media ids are the provider's. */
export type MessageContent =
  | { kind: 'text'; text: string }
  | MediaContent
  | { kind: 'location'; latitude: number; longitude: number; name?: string; address?: string }
  | { kind: 'button'; id: string; title: string }
  | { kind: 'unsupported'; type: string };

/** One message as a channel's parser hands it over, before it has a conversation. */
export interface InboundMessage {
  /** Unique per channel integration for all time; the key of CONV-1. */
  providerMessageId: string;
  /** The provider's room; null where the room is the customer (WhatsApp). */
  room: string | null;
  customer: {
    /** Stable ids the provider knows this customer by, the most stable first; never empty. */
    ids: string[];
    name?: string;
    phone?: string;
  };
  /** The provider's time; null where it gives none. May lie in the future: `messageTime` clamps it. */
  sentAt: Date | null;
  content: MessageContent;
}

/** Text the model and the transcript see for content that is not text. */
export function describeContent(content: MessageContent): string {
  switch (content.kind) {
    case 'text':
      return content.text;
    case 'button':
      return content.title;
    case 'location': {
      const place = [content.name, content.address].filter(Boolean).join(', ');
      return `[location ${content.latitude}, ${content.longitude}${place ? `: ${place}` : ''}]`;
    }
    case 'unsupported':
      return `[a message of a kind that cannot be read here: ${content.type}]`;
    default:
      return describeMedia(content);
  }
}

/** Its file is still to be fetched, or to be listened to, before a model is asked. */
export function awaitsFile(content: MessageContent): boolean {
  return isMedia(content) && content.file !== undefined && isDue(content.file);
}

export function isMedia(content: MessageContent): content is MediaContent {
  return MEDIA_KINDS.some((kind) => kind === content.kind);
}

/**
 * The time that orders a message inside its turn (DESIGN section 5): the provider's,
 * but never later than our own receipt, so that a clock ahead cannot push a message behind newer ones.
 */
export function messageTime(sentAt: Date | null, receivedAt: Date): Date {
  return sentAt !== null && sentAt < receivedAt ? sentAt : receivedAt;
}

/** Sorts the rows of one turn: by message time, then by the order of their commit. */
export function inTurnOrder<T extends { at: Date; seq: number }>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => a.at.getTime() - b.at.getTime() || a.seq - b.seq);
}
