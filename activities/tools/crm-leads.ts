import type { Json } from '../../domain/external-action.ts';
import { idOf, listIn } from './crm-body.ts';
import type { CrmRecord } from './crm-body.ts';
import { notDone } from './crm-answer.ts';
import type { Exchange } from './crm-answer.ts';
import type { Executed } from './tool.ts';

/** The CRM's own contacts of the customer, to tie a new record to (ACT-3). */
export type Leads =
  | { kind: 'leads'; ids: Json[] }
  /** The record is made without them, and the agent is told. */
  | { kind: 'without'; why: 'no_phone_number' | 'no_lead' | 'lookup_refused' }
  /** Nothing was made yet. */
  | { kind: 'stopped'; executed: Executed };

const MOST = 10;
const PHONES = ['phone', 'phone_number', 'telephone', 'mobile_phone'];

type Send = (request: { method: 'GET'; path: string; query: Record<string, string> }) => Promise<Exchange>;

export async function leadsOf(send: Send, phone: string | null): Promise<Leads> {
  if (phone === null || phone.trim() === '') return { kind: 'without', why: 'no_phone_number' };
  const { answer, record } = await send({ method: 'GET', path: '/api/v3.1/leads', query: { phone } });
  if (answer.kind === 'rejected')
    return { kind: 'without', why: answer.status === 404 ? 'no_lead' : 'lookup_refused' };
  if (answer.kind !== 'ok') {
    // To ask has no effect: whatever came of it, the record does not exist yet.
    const executed = notDone(answer, record);
    const code = answer.kind === 'unknown' ? 'lead_lookup_unanswered' : undefined;
    return {
      kind: 'stopped',
      executed: executed.kind === 'try_again' && code !== undefined ? { ...executed, code } : executed,
    };
  }
  const leads = (listIn(answer.body) ?? []).filter((lead) => isOf(lead, phone));
  const ids = leads.map(idOf).filter((id) => id !== null);
  // A filter that was not understood brings everybody: rather none than strangers.
  if (ids.length === 0 || ids.length > MOST) return { kind: 'without', why: 'no_lead' };
  return { kind: 'leads', ids: ids.map((id) => (/^[1-9]\d{0,14}$/.test(id) ? Number(id) : id)) };
}

/** A lead that names no number is taken at the CRM's word. */
function isOf(lead: CrmRecord, phone: string): boolean {
  const numbers = PHONES.map((name) => lead[name]).filter((value) => typeof value === 'string');
  return numbers.length === 0 || numbers.some((number) => digits(number) === digits(phone));
}

function digits(phone: string): string {
  return phone.replace(/\D/g, '');
}
