import { strict as assert } from 'node:assert';
import { openCallStage } from './call-stage.ts';
import type { CallStage } from './call-stage.ts';
import { eventually, pause } from './eventually.ts';
import { allSettled } from './reckoning.ts';
import { seededRandom } from './seeded-random.ts';

const RACES = 48;
const AT_ONCE = 6;
/** Either may be asked so much later than the other. */
const APART_MS = 1_500;
const ROOM = 'approved-race-';

interface Ended {
  id: string;
  room: string;
  conversation_id: string;
  status: string;
  state: string;
  reported: number;
}

/** Every request of these rooms, its call, and how often somebody was told that it was not made. */
const ENDED = `
  select a.id, c.room, a.conversation_id, a.status, k.state,
    (select count(*)::int from events e where e.organisation_id = a.organisation_id
       and e.name in ('approval_not_executed', 'approval_cancelled') and e.properties ->> 'action_id' = a.id::text)
      as reported
  from actions a
  join conversations c on c.organisation_id = a.organisation_id and c.id = a.conversation_id
  join calls k on k.organisation_id = a.organisation_id and k.id = a.call_id
  where starts_with(c.room, $1) order by c.room`;

describe('a call that an operator approves', function () {
  this.timeout(200_000);
  let stage: CallStage;
  before(async () => {
    stage = await openCallStage();
    const fields = {
      name: 'note_once',
      description: 'Writes a note.',
      method: 'POST',
      url: `${stage.installation.stage.standIns}/sink/notes`,
      body: { room: '{{message_text}}' },
    };
    await stage.installation.setAgent({ tools: [{ node_type: 'api', needs_approval: 'always', fields }] });
  });
  after(() => stage?.stop());

  const ended = async (rooms: string) => (await stage.records.pool.query<Ended>(ENDED, [rooms])).rows;

  /** The status it is answered with. */
  async function asks(path: string, body: object): Promise<number> {
    const dev = stage.installation.stage.dev();
    const response = await fetch(dev.api + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${dev.keys.operator}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  }

  it('APR-5 is made before the close or reported as not made, never silently neither, over a resolve at the same moment', async () => {
    const random = seededRandom();
    const rooms = Array.from({ length: RACES }, (_, n) => `${ROOM}${n}/`);
    for (let from = 0; from < RACES; from += AT_ONCE)
      await Promise.all(
        rooms.slice(from, from + AT_ONCE).map((room) => stage.send(stage.message(room, 'note-once'))),
      );
    await allSettled(stage.records, ROOM, RACES, 90_000);
    const requests = await ended(ROOM);
    assert.equal(requests.length, RACES);
    const decisions = new Map<string, number>();
    for (let from = 0; from < RACES; from += AT_ONCE)
      await Promise.all(
        requests.slice(from, from + AT_ONCE).map(async ({ id, conversation_id }, n) => {
          const apart = random.fork(from + n).between(-APART_MS, APART_MS);
          const [decision, resolve] = await Promise.all([
            pause(Math.max(apart, 0)).then(() =>
              asks(`/v1/approvals/${id}/decision`, { decision: 'approve' }),
            ),
            pause(Math.max(-apart, 0)).then(() => asks(`/v1/conversations/${conversation_id}/resolve`, {})),
          ]);
          assert.equal(resolve, 200);
          decisions.set(id, decision);
        }),
      );
    const all = await eventually('every call has ended', async () => {
      const rows = await ended(ROOM);
      return rows.every(({ state }) => !['awaiting_approval', 'planned', 'calling'].includes(state)) && rows;
    });
    const counts: Record<string, number> = {};
    for (const { id, room, status, state, reported } of all) {
      const made = (await stage.came('notes', room)).length;
      const how = `${status}, ${state}, made ${made}, reported ${reported}`;
      counts[how] = (counts[how] ?? 0) + 1;
      assert.equal(decisions.get(id), status === 'approved' ? 200 : 410, how);
      if (state === 'succeeded') assert.deepEqual([status, made, reported], ['approved', 1, 0], how);
      else assert.deepEqual([state, made, reported], ['cancelled', 0, 1], how);
    }
    console.log(`      seed ${random.seed}: ${RACES} races: ${JSON.stringify(counts)}`);
    assert.ok(Object.keys(counts).length > 1, 'one side always won');
  });

  it('APR-5 shows as unknown a call that may not be repeated, over a kill behind it, and makes it no more', async () => {
    const message = stage.message('approved-once', 'note-once');
    await stage.send(message);
    await allSettled(stage.records, message.room, 1, 60_000);
    const [request] = await ended(message.room);
    await stage.killedAt('call.after', () =>
      asks(`/v1/approvals/${request?.id}/decision`, { decision: 'approve' }),
    );
    await stage.installation.freshWorker();
    const after = await eventually('the call has ended', async () => {
      const [row] = await ended(message.room);
      return row !== undefined && row.state !== 'calling' && row.state !== 'planned' && row;
    });
    assert.deepEqual([after.status, after.state], ['approved', 'unknown']);
    assert.equal((await stage.came('notes', message.room)).length, 1);
    await eventually(
      'the customer hears of it',
      async () => (await stage.replies(message.room)).length === 2,
    );
  });
});
