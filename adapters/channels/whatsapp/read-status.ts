import type { DeliveryStatus } from '../../../domain/delivery.ts';
import { asId, asNumber, asObjects, asTime } from './loose-json.ts';
import type { JsonObject } from './loose-json.ts';

const STATES = ['sent', 'delivered', 'read', 'failed'] as const;
const OUTBOUND_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * One entry of `value.statuses[]`. Null for a state we do not follow (`deleted`, `played`, a future one) and for
 * one without id or time. Our outbound id comes back in `biz_opaque_callback_data`; what another program put
 * there for the same number is no id of ours and is left out.
 */
export function readStatus(status: JsonObject): DeliveryStatus | null {
  const providerMessageId = asId(status['id']);
  const state = STATES.find((known) => known === status['status']);
  const at = asTime(status['timestamp']);
  if (providerMessageId === null || state === undefined || at === null) return null;
  const echoed = asId(status['biz_opaque_callback_data']);
  const code = asNumber(asObjects(status['errors'])[0]?.['code']);
  return {
    providerMessageId,
    outboundId: echoed !== null && OUTBOUND_ID.test(echoed) ? echoed : null,
    state,
    at,
    code: code === null ? null : String(code),
  };
}
