import type { Journey } from '../journey/open-journey.ts';

type Sql = Journey['sql'];

export interface ForeignKey {
  name: string;
  from: string;
  to: string;
  columns: string[];
  referenced: string[];
}

/** The installation's own switches (ACT-7): nobody's tenant, the same for all. */
export const NOBODYS = ['installation_flags', 'node_registries', 'temporal_namespace'];

/** Tables of the organisations; the migration tool's own two and the installation's are not among them. */
export async function tables(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname !~ '^knex_'
       and c.relname <> all ($1) order by 1`,
    [NOBODYS],
  );
  return rows.map(({ name }) => name);
}

/** Every foreign key between tables of organisations. */
export function foreignKeys(sql: Sql): Promise<ForeignKey[]> {
  return sql<ForeignKey>(
    `select k.conname as name, k.conrelid::regclass::text as from, k.confrelid::regclass::text as to,
       array(select a.attname::text from unnest(k.conkey) with ordinality as c (number, place)
             join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.number order by place) as columns,
       array(select a.attname::text from unnest(k.confkey) with ordinality as c (number, place)
             join pg_attribute a on a.attrelid = k.confrelid and a.attnum = c.number order by place) as referenced
     from pg_constraint k where k.contype = 'f' and k.connamespace = 'public'::regnamespace order by 1`,
  );
}

export interface Column {
  table: string;
  name: string;
  type: string;
  /** Postgres gives the value; nobody else may. */
  generated: boolean;
  /** Part of the primary key or of a unique one. */
  unique: boolean;
}

export function columns(sql: Sql): Promise<Column[]> {
  return sql<Column>(
    `select c.relname as table, a.attname as name, a.atttypid::regtype::text as type,
       a.attidentity <> '' or a.attgenerated <> '' as generated,
       exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and a.attnum = any (i.indkey)) as unique
     from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname !~ '^knex_'
       and a.attnum > 0 and not a.attisdropped
     order by 1, 2`,
  );
}

/** A row of the table that belongs to the organisation, as JSON; the foreign key's columns are not null in it. */
export async function someRow(
  sql: Sql,
  table: string,
  organisation: string,
  notNull: readonly string[] = [],
): Promise<Record<string, unknown> | undefined> {
  const owner = table === 'organisations' ? 'id' : 'organisation_id';
  const filled = notNull.map((column) => ` and ${column} is not null`).join('');
  const [row] = await sql<{ row: Record<string, unknown> }>(
    `select to_jsonb(t) as row from ${table} t where ${owner} = $1${filled} limit 1`,
    [organisation],
  );
  return row?.row;
}
