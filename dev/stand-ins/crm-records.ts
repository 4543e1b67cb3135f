type Fields = Record<string, unknown>;

export type CrmRecord = Fields & { id: number; trace_id: string | null };

/** Deals, tickets and leads of the CRM stand-in, in memory. */
export interface CrmRecords {
  /** Undefined: no such kind of record. */
  of(kind: string): RecordKind | undefined;
  reset(): void;
}

export interface RecordKind {
  /** What is wrong with the fields; undefined: nothing. `create` asks for the required ones too. */
  problem(fields: Fields, create: boolean): string | undefined;
  create(fields: Fields, traceId: string | null): CrmRecord;
  update(id: string, fields: Fields): CrmRecord | undefined;
  get(id: string): CrmRecord | undefined;
  /** Newest first; each given filter has to fit. */
  list(filter: { traceId: string | null; phone: string | null }): CrmRecord[];
}

/** What a new CRM account has; control shows it. */
export const PIPELINES = [{ id: 1, name: 'Customer care', stages: [{ id: 11, name: 'New' }] }];

/** The first is the customer of the examples in the README. */
const LEADS = [
  { first_name: 'Budi', phone: '+6281234567890' },
  { first_name: 'Nadia', phone: '+628125550100' },
  { first_name: 'Sari', phone: '+628155500111' },
];

const NUMBERS = ['crm_pipeline_id', 'crm_stage_id', 'creator_id', 'amount'];
const REQUIRED: Record<string, string[]> = {
  deals: ['crm_pipeline_id', 'crm_stage_id', 'name'],
  tickets: ['crm_pipeline_id', 'crm_stage_id', 'name'],
  leads: ['first_name'],
};

/** Each kind holds the newest `limit` records. */
export function openCrmRecords(limit: number): CrmRecords {
  const kinds = new Map<string, RecordKind>();
  const fill = () => {
    // Ids never start again: what a conversation remembers does not come to name another record.
    for (const [index, kind] of Object.keys(REQUIRED).entries())
      kinds.set(kind, openKind(REQUIRED[kind] ?? [], 1000 * (index + 1), limit));
    for (const lead of LEADS) kinds.get('leads')?.create(lead, null);
  };
  fill();
  return { of: (kind) => kinds.get(kind), reset: fill };
}

function openKind(required: readonly string[], firstId: number, limit: number): RecordKind {
  const records = new Map<string, CrmRecord>();
  let nextId = firstId;
  return {
    problem(fields, create) {
      const missing = create ? required.find((name) => isBlank(fields[name])) : undefined;
      if (missing !== undefined) return `${missing} is required`;
      const noNumber = NUMBERS.find((name) => !isNumber(fields[name]));
      if (noNumber !== undefined) return `${noNumber} is not a number`;
      if (fields['name'] !== undefined && isBlank(fields['name'])) return 'name is empty';
      const leads = fields['crm_lead_ids'];
      return leads === undefined || Array.isArray(leads) ? undefined : 'crm_lead_ids is not a list';
    },
    create(fields, traceId) {
      const record = { ...fields, id: nextId++, trace_id: traceId };
      records.set(String(record.id), record);
      if (records.size > limit) records.delete(records.keys().next().value as string);
      return record;
    },
    update(id, fields) {
      const known = records.get(id);
      if (known === undefined) return undefined;
      const record = { ...known, ...fields, id: known.id, trace_id: known.trace_id };
      records.set(id, record);
      return record;
    },
    get: (id) => records.get(id),
    list({ traceId, phone }) {
      return [...records.values()]
        .reverse()
        .filter((record) => traceId === null || record.trace_id === traceId)
        .filter((record) => phone === null || digits(record['phone']) === digits(phone));
    },
  };
}

function isNumber(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'number';
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

function digits(phone: unknown): string {
  return typeof phone === 'string' ? phone.replace(/\D/g, '') : '';
}
