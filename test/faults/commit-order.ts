import { pause } from './eventually.ts';
import type { Records } from './records.ts';

/** Something that was done to a conversation under its lock, with its place among all that were. */
export interface Committed {
  n: number;
  conversation: string;
  what: 'message' | 'reply' | 'nudge' | 'closing' | 'resolve';
  /** Of a message its own; else the seq it answers or counts from. Null of a resolve. */
  seq: number | null;
  /** The newest message that the conversation had then. */
  newest: number;
  /** A send that an earlier try may have made already. */
  repeat: boolean;
  at: Date;
}

/** The order of commits as they come in; each conversation's lock makes the number it drew the order of its commits. */
export interface CommitOrder {
  committed: readonly Committed[];
  close(): Promise<void>;
}

const WITNESS = `
  create table commit_order (
    n bigint generated always as identity primary key,
    conversation uuid not null,
    what text not null,
    seq integer,
    newest integer not null,
    repeat boolean not null,
    at timestamptz not null default clock_timestamp());
  create function witness_conversation() returns trigger language plpgsql security definer as $$
  begin
    if new.last_message_seq is distinct from old.last_message_seq then
      insert into commit_order (conversation, what, seq, newest, repeat)
      values (new.id, 'message', new.last_message_seq, new.last_message_seq, false);
    end if;
    if new.status = 'resolved' and old.status = 'open' then
      insert into commit_order (conversation, what, newest, repeat)
      values (new.id, 'resolve', new.last_message_seq, false);
    end if;
    return null;
  end $$;
  create trigger witness after update on conversations for each row execute function witness_conversation();
  create function witness_fence() returns trigger language plpgsql security definer as $$
  begin
    insert into commit_order (conversation, what, seq, newest, repeat)
    select new.conversation_id, new.kind, new.answers_seq, c.last_message_seq, old.state = 'sending'
    from conversations c where c.organisation_id = new.organisation_id and c.id = new.conversation_id;
    return null;
  end $$;
  create trigger witness after update on outbound for each row
    when (new.state = 'sending' and new.attempt > old.attempt) execute function witness_fence()`;

/** Writes from now on, in the transactions themselves, what is committed: of the product nothing is believed. */
export async function witnessCommits({ pool }: Records): Promise<CommitOrder> {
  await pool.query(WITNESS);
  const known = new Map<number, Committed>();
  const committed: Committed[] = [];
  let watching = true;
  const look = async () => {
    // What drew its number earlier may be committed later.
    const since = (committed.at(-1)?.n ?? 0) - 500;
    const { rows } = await pool.query<Committed>(
      'select n::int, conversation, what, seq, newest, repeat, at from commit_order where n > $1 order by n',
      [since],
    );
    for (const row of rows) {
      if (known.has(row.n)) continue;
      known.set(row.n, row);
      committed.push(row);
    }
    committed.sort((a, b) => a.n - b.n);
  };
  const watch = (async () => {
    while (watching) {
      await look();
      await pause(15);
    }
    await look();
  })();
  return {
    committed,
    async close() {
      watching = false;
      await watch;
    },
  };
}
