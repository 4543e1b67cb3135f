import type { DeliveryStatus } from '../../domain/delivery.ts';
import type { InboundMessage } from '../../domain/message.ts';
import type { ReceivingIntegration } from './caller.ts';
import type { Interaction } from './interactions.ts';

/** How a channel's webhook is checked and read (CHAN-1, CHAN-2); one per channel folder. */
export interface Receiver {
  /** GET verification; null refuses. */
  handshake?(query: Record<string, string>, integration: ReceivingIntegration): string | null;
  /** Over the raw bytes; constant time. */
  authentic(request: RawRequest, integration: ReceivingIntegration, now: Date): boolean;
  /** What a signed request must be answered with to prove that the address is ours; null where it asks for nothing. */
  challenge?(request: RawRequest): string | null;
  /** Total: what it does not know becomes an `unsupported` message or is counted in `ignored`. Null: not its format. */
  parse(request: RawRequest, integration: ReceivingIntegration): ReceivedBatch | null;
  /** What somebody did with a message of ours. Null: not its format. Total as well. */
  interaction?(request: RawRequest, integration: ReceivingIntegration): Interaction | null;
}

export interface RawRequest {
  headers: Record<string, string | undefined>;
  body: Buffer;
}

export interface ReceivedBatch {
  messages: InboundMessage[];
  statuses: DeliveryStatus[];
  ignored: number;
  /** What people of the organisation wrote in the provider's own app; the `customer` is the one they wrote to. */
  replies?: InboundMessage[];
  /** Messages of ours that came back to us: placeholders, and requests to operators. */
  echoes?: Echo[];
}

export type Echo =
  { placeholderId: string; providerMessageId: string } | { approvalId: string; providerMessageId: string };

/** Where echoes go: of a message whose posting nobody saw end, they tell the id (activities/ports, Placeholders and ApprovalPosts). */
export interface Echoes {
  heard(integration: ReceivingIntegration, echoes: readonly Echo[], now: Date): Promise<void>;
}
