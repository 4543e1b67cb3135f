import type { InboundMessage } from '../../domain/message.ts';

/** An inbox row as the fakes keep it. */
export interface StoredMessage {
  integration: string;
  organisation: string;
  conversation: string;
  id: string;
  message: InboundMessage;
  at: Date;
}
