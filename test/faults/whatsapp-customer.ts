import { strict as assert } from 'node:assert';
import type { Installation } from './installation.ts';

/** A call of ours that the stand-in for Meta's Graph API took. */
export interface GraphSend {
  /** The outbound message it carries. */
  outboundId: string;
  text: string;
}

/** A customer on WhatsApp, behind the stand-in for Meta. */
export interface WhatsAppCustomer {
  waId: string;
  /** Posts the signed webhook as Meta does. @returns the message's id */
  write(text: string): Promise<string>;
  /** Messages that reached this customer's telephone. */
  received(): Promise<GraphSend[]>;
}

export async function openWhatsAppCustomer(
  { stage, ask, journal }: Installation,
  waId: string,
): Promise<WhatsAppCustomer> {
  const dev = stage.dev();
  const channel = await ask<{ settings: Record<string, string> }>(
    'admin',
    'GET',
    `/v1/channels/${dev.channels.whatsapp}`,
  );
  return {
    waId,
    async write(text) {
      const response = await fetch(`${dev.stand_ins}/whatsapp/customer`, {
        method: 'POST',
        body: JSON.stringify({
          phone_number_id: channel.settings['phone_number_id'],
          wa_id: waId,
          name: 'Dewi',
          text,
        }),
      });
      const body = (await response.json()) as { id: string; answered: number | null };
      assert.equal(body.answered, 200, JSON.stringify(body));
      return body.id;
    },
    async received() {
      const sends = await journal('whatsapp');
      return sends
        .filter((send) => send['kind'] === 'message' && String(send['to']).replace(/\D/g, '') === waId)
        .map((send) => ({
          outboundId: String(send['biz_opaque_callback_data']),
          text: (send['body'] as { text: { body: string } }).text.body,
        }));
    },
  };
}
