/**
 * WhatsApp knows a customer by a business-scoped user id (since 2026, e.g. `US.13491208655302741918`) and by a
 * wa_id, which is a phone number without its plus. A customer who took a user name may have only the first.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids/
 */
const USER_ID = /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/;
const WA_ID = /^\d{3,20}$/;

export function isWaId(id: string): boolean {
  return WA_ID.test(id);
}

/**
 * The address part of a send: `to` with the wa_id where one is known, which is what Meta recommends, else
 * `recipient` with the user id. Null where neither is among the ids.
 */
export function addressOf(ids: readonly string[]): { to: string } | { recipient: string } | null {
  const to = ids.find(isWaId);
  if (to !== undefined) return { to };
  const recipient = ids.find((id) => USER_ID.test(id));
  return recipient === undefined ? null : { recipient };
}
