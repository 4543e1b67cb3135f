import { randomUUID } from 'node:crypto';
import type { ReceivedFile, StoredFile } from '../../api/ports.ts';
import type { InboundMessage } from '../../domain/message.ts';

/** An inbox row as the fakes keep it. */
export interface StoredMessage {
  integration: string;
  organisation: string;
  conversation: string;
  id: string;
  message: InboundMessage;
  at: Date;
  /** Where its bytes came with it. */
  file?: ReceivedFile;
}

/** A file that a customer sent before. */
export interface OldFile extends StoredFile {
  conversation: string;
  id: string;
}

const oldFiles = new WeakMap<object, OldFile[]>();

/** Those of a world. */
export function oldFilesOf(world: object): OldFile[] {
  return oldFiles.get(world) ?? [];
}

/** Puts one into a conversation; the message's id. */
export function storeFile(world: object, conversation: string): string {
  const id = randomUUID();
  const file = { bytes: Buffer.from('a picture'), mimeType: 'image/png', name: 'photo "1".png' };
  oldFiles.set(world, [...oldFilesOf(world), { conversation, id, ...file }]);
  return id;
}
