import type { DeliveryStatus } from '../../domain/delivery.ts';
import type { InboundMessage } from '../../domain/message.ts';
import type { ReceivingIntegration } from './caller.ts';

/** How a channel's webhook is checked and read (CHAN-1, CHAN-2); one per channel folder. */
export interface Receiver {
  /** GET verification; null refuses. */
  handshake?(query: Record<string, string>, integration: ReceivingIntegration): string | null;
  /** Over the raw bytes; constant time. */
  authentic(request: RawRequest, integration: ReceivingIntegration, now: Date): boolean;
  /** Total: what it does not know becomes an `unsupported` message or is counted in `ignored`. Null: not its format. */
  parse(request: RawRequest, integration: ReceivingIntegration): ReceivedBatch | null;
}

export interface RawRequest {
  headers: Record<string, string | undefined>;
  body: Buffer;
}

export interface ReceivedBatch {
  messages: InboundMessage[];
  statuses: DeliveryStatus[];
  ignored: number;
}
