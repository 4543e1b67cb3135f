import pg from 'pg';

export interface InboxRecord {
  id: string;
  conversation_id: string;
  provider_message_id: string;
  room: string;
  seq: number;
  at: Date;
  turn: number | null;
  settled_reason: string | null;
  signalled_at: Date | null;
  signal_count: number;
}

export interface OutboundRecord {
  id: string;
  conversation_id: string;
  room: string;
  cause: string;
  kind: string;
  turn: number | null;
  state: string;
  attempt: number;
  in_reply_to: string[];
}

/** What Postgres holds, read with the admin connection, which sees every organisation. */
export interface Records {
  /** Customers' messages of the rooms whose name begins so, in commit order. */
  messages(rooms: string): Promise<InboxRecord[]>;
  outbound(rooms: string): Promise<OutboundRecord[]>;
  /** Names of the stored events of these rooms. */
  events(rooms: string): Promise<string[]>;
  pool: pg.Pool;
  close(): Promise<void>;
}

export function openRecords(databaseUrl: string): Records {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4, connectionTimeoutMillis: 5_000 });
  // A connection that breaks while Postgres is down is made anew by the next query.
  pool.on('error', () => undefined);
  return {
    pool,
    async messages(rooms) {
      const { rows } = await pool.query<InboxRecord>(
        `select i.id, i.conversation_id, i.provider_message_id, c.room, i.seq, i.at, i.turn, i.settled_reason,
           i.signalled_at, i.signal_count
         from inbox i join conversations c on c.organisation_id = i.organisation_id and c.id = i.conversation_id
         where i.kind = 'message' and starts_with(c.room, $1) order by c.room, i.seq`,
        [rooms],
      );
      return rows;
    },
    async outbound(rooms) {
      const { rows } = await pool.query<OutboundRecord>(
        `select o.id, o.conversation_id, c.room, o.cause, o.kind, o.turn, o.state, o.attempt, o.in_reply_to
         from outbound o join conversations c on c.organisation_id = o.organisation_id and c.id = o.conversation_id
         where starts_with(c.room, $1) order by c.room, o.planned_at`,
        [rooms],
      );
      return rows;
    },
    async events(rooms) {
      const { rows } = await pool.query<{ name: string }>(
        `select e.name from events e
         join conversations c on c.organisation_id = e.organisation_id and c.id = e.conversation_id
         where starts_with(c.room, $1) and e.name <> 'conversation_changed' order by e.number`,
        [rooms],
      );
      return rows.map((row) => row.name);
    },
    close: () => pool.end(),
  };
}
