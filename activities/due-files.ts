import { awaitsFile } from '../domain/message.ts';
import type { TakenMessage } from './ports.ts';

/** The turn's messages hold files that are to be fetched first: the messages' ids. */
export interface NeedsMedia {
  kind: 'needs_media';
  media: string[];
}

export function dueFiles(messages: readonly TakenMessage[]): string[] {
  return messages.filter(({ content }) => awaitsFile(content)).map(({ id }) => id);
}
