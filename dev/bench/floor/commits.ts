import pg from 'pg';
import type { FloorAnswer, FloorOrder } from './order.ts';

// A program: three Postgres commits per message and nothing else. One prepared statement each, committed by itself:
// the message arrives, its turn takes it, its reply is recorded.

const CONNECTIONS = 10;

const ARRIVE = {
  name: 'arrive',
  text: 'insert into floor_messages (conversation, body) values ($1, $2) returning id',
};
const TAKE = { name: 'take', text: 'update floor_messages set turn = $2 where id = $1' };
const REPLY = { name: 'reply', text: 'insert into floor_replies (message, body) values ($1, $2)' };

const pool = new pg.Pool({ connectionString: process.env['FLOOR_DATABASE_URL'], max: CONNECTIONS });
await pool.query(`
  create table floor_messages (id bigint generated always as identity primary key, conversation integer not null,
    body text not null, turn integer);
  create table floor_replies (message bigint primary key references floor_messages, body text not null);
`);

process.on('message', (order: FloorOrder) => void obey(order));
process.on('disconnect', () => void pool.end());
tell({ seconds: null });

async function obey({ conversations, messages }: FloorOrder): Promise<void> {
  const began = performance.now();
  let next = 0;
  const work = async () => {
    while (next < conversations * messages) {
      const message = next++;
      await commitThrice(message % conversations, Math.floor(message / conversations));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  tell({ seconds: (performance.now() - began) / 1000 });
}

async function commitThrice(conversation: number, turn: number): Promise<void> {
  const text = `message ${turn}: where is my order?`;
  const arrived = await pool.query<{ id: string }>({ ...ARRIVE, values: [conversation, text] });
  const id = arrived.rows[0]?.id;
  await pool.query({ ...TAKE, values: [id, turn] });
  await pool.query({ ...REPLY, values: [id, 'Thank you, noted.'] });
}

function tell(answer: FloorAnswer): void {
  process.send?.(answer);
}
