import { strict as assert } from 'node:assert';
import { eventually, pause } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
import { openInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { allSettled } from './reckoning.ts';
import { openRecords } from './records.ts';
import type { Records } from './records.ts';
import { repliesIn } from './receiver.ts';
import { seededRandom } from './seeded-random.ts';

const RACES = 80;
const AT_ONCE = 8;
/** Either may be asked so much later than the other. */
const APART_MS = 1_500;
const ROOM = 'race-';
const ASK = 'submit_action_request';

interface Ended {
  id: string;
  conversation_id: string;
  status: string;
  told: string | null;
  cancelled_events: number;
  closed: boolean;
}

/** Every request of these rooms with what became of it. */
const ENDED = `
  select a.id, a.conversation_id, a.status, o.state as told, c.status = 'resolved' as closed,
    (select count(*)::int from events e where e.organisation_id = a.organisation_id and e.name = 'approval_cancelled'
       and e.properties ->> 'action_id' = a.id::text) as cancelled_events
  from actions a
  join conversations c on c.organisation_id = a.organisation_id and c.id = a.conversation_id
  left join outbound o on o.organisation_id = a.organisation_id and o.conversation_id = c.id
    and o.cause = 'approval:' || a.id
  where starts_with(c.room, $1)`;

describe('a decision and a resolve at the same moment', function () {
  this.timeout(200_000);
  let installation: Installation;
  let records: Records;

  before(async () => {
    installation = await openInstallation({ waitSeconds: 0 });
    records = openRecords(installation.stage.database.ownerUrl);
    await installation.ask('admin', 'PUT', '/v1/feature-flags', { actions_center: true });
    await records.pool.query('update external_actions set is_active = false');
    const tools = [{ node_type: ASK, fields: {} }];
    await installation.setAgent({ personalities: {}, natural_language_escalation: false, tools });
    const given = { request_type: 'refund', request_details: 'Twelve euros', priority: 'high' };
    await installation.setModel({
      script: [{ when: 'my money back', tool_calls: [{ name: ASK, arguments: given }] }],
    });
  });
  after(async () => {
    await records?.close();
    await installation?.stage.stop();
  });

  /** The status it is answered with. */
  async function asks(path: string, body: object): Promise<number> {
    const dev = installation.stage.dev();
    const response = await fetch(dev.api + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${dev.keys.operator}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  }

  it('APR-4 CONV-7 ends in one of the two orders, and says which', async () => {
    const random = seededRandom();
    const dev = installation.stage.dev();
    const rooms = Array.from({ length: RACES }, (_, n) => `${ROOM}${n}/`);
    for (let from = 0; from < RACES; from += AT_ONCE)
      await Promise.all(
        rooms.slice(from, from + AT_ONCE).map((room) => post(dev, messageIn(room, 'I want my money back'))),
      );
    await allSettled(records, ROOM, RACES, 90_000);
    const { rows: requests } = await records.pool.query<Ended>(ENDED, [ROOM]);
    assert.equal(requests.length, RACES);

    const answers = new Map<string, { decision: number; resolve: number }>();
    for (let from = 0; from < RACES; from += AT_ONCE)
      await Promise.all(
        requests.slice(from, from + AT_ONCE).map(async ({ id, conversation_id }, n) => {
          const apart = random.fork(from + n).between(-APART_MS, APART_MS);
          const [decision, resolve] = await Promise.all([
            pause(Math.max(apart, 0)).then(() =>
              asks(`/v1/approvals/${id}/decision`, { decision: 'approve', response: 'It is on its way.' }),
            ),
            pause(Math.max(-apart, 0)).then(() => asks(`/v1/conversations/${conversation_id}/resolve`, {})),
          ]);
          answers.set(id, { decision, resolve });
        }),
      );
    const ended = await eventually('all is settled', async () => {
      const { rows: open } = await records.pool.query(
        `select i.id from inbox i join conversations c on c.organisation_id = i.organisation_id
           and c.id = i.conversation_id where starts_with(c.room, $1) and i.settled_at is null`,
        [ROOM],
      );
      const { rows } = await records.pool.query<Ended>(ENDED, [ROOM]);
      return open.length === 0 && rows.every(({ told }) => told !== 'planned' && told !== 'sending') && rows;
    });

    const heard = repliesIn(await installation.journal('sink/replies'), ROOM);
    const counts = { told: 0, decided_and_closed: 0, cancelled: 0 };
    for (const { id, conversation_id, status, told, cancelled_events, closed } of ended) {
      const { decision, resolve } = answers.get(id) ?? assert.fail(id);
      assert.deepEqual([resolve, closed], [200, true]);
      const outcomes = heard.filter(
        (reply) => reply.conversationId === conversation_id && reply.kind === 'outcome',
      );
      assert.equal(outcomes.length, told === 'sent' ? 1 : 0, `${id}: told ${told}`);
      if (status === 'approved') {
        assert.deepEqual([decision, cancelled_events], [200, 0]);
        counts[told === 'sent' ? 'told' : 'decided_and_closed'] += 1;
      } else {
        assert.deepEqual([status, decision, cancelled_events, told], ['cancelled', 410, 1, null]);
        counts.cancelled += 1;
      }
    }
    console.log(`      seed ${random.seed}: ${RACES} races: ${JSON.stringify(counts)}`);
    assert.ok(counts.told + counts.decided_and_closed > 0 && counts.cancelled > 0, 'one side always won');
  });
});
