import { strict as assert } from 'node:assert';
import { eventually, pause } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
import { openInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { openRecords } from './records.ts';
import type { Records } from './records.ts';
import { repliesIn } from './receiver.ts';

const CONVERSATIONS = 16;
const KILLS = 3;
const RESPONSE_SECONDS = 4;
const ROOMS = 'watch-';
const OFFER = 'Nobody came.';

/** Of each conversation, its events of the watch in their order, and in which state its offers are. */
const WATCHED = `
  select c.room,
    array(select e.name from events e
          where e.organisation_id = c.organisation_id and e.conversation_id = c.id and starts_with(e.name, 'human_')
          order by e.number) as events,
    array(select o.state from outbound o
          where o.organisation_id = c.organisation_id and o.conversation_id = c.id and starts_with(o.cause, 'notice:')
         ) as offers,
    (select count(*)::int from human_watches w
     where w.organisation_id = c.organisation_id and w.conversation_id = c.id) as stages
  from conversations c where starts_with(c.room, $1)`;

interface Watched {
  room: string;
  events: string[];
  offers: string[];
  stages: number;
}

describe('people who never answer, over kills', function () {
  this.timeout(240_000);
  let installation: Installation;
  let records: Records;

  before(async () => {
    installation = await openInstallation({ waitSeconds: 0 });
    records = openRecords(installation.stage.database.ownerUrl);
    await records.pool.query('update external_actions set is_active = false');
    await installation.setAgent({
      personalities: {},
      natural_language_escalation: false,
      escalation_rules: [{ name: 'always', condition: 'true' }],
      escalation_assignee: 'U0WATCHED1',
      escalation_notice: { called: 'Called.', nobody_online: 'Called.', offer: OFFER },
    });
    await records.pool.query(`update agents set settings = settings || $1::jsonb`, [
      JSON.stringify({ responseTimeSeconds: RESPONSE_SECONDS }),
    ]);
  });

  after(async () => {
    await records?.close();
    await installation?.stage.stop();
  });

  const watched = async () => (await records.pool.query<Watched>(WATCHED, [ROOMS])).rows;

  it('ESC-6 reminds, gives to somebody else and offers the agent once each, whatever is killed meanwhile', async () => {
    const rooms = Array.from({ length: CONVERSATIONS }, (_, index) => `${ROOMS}${index}/`);
    await Promise.all(
      rooms.map(async (room, index) => {
        // Spread over a response time, so that every kill meets stages that fire.
        await pause((index * RESPONSE_SECONDS * 1000) / CONVERSATIONS);
        await post(installation.stage.dev(), messageIn(room));
      }),
    );
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(RESPONSE_SECONDS * 700);
      await installation.freshWorker();
    }
    const all = await eventually(
      'the agent goes on everywhere',
      async () => {
        const rows = await watched();
        const done = rows.every(
          ({ offers }) => offers.length > 0 && offers.every((state) => state === 'sent'),
        );
        return rows.length === CONVERSATIONS && done && rows;
      },
      120_000,
      500,
    );
    for (const { room, events, stages } of all) {
      assert.equal(stages, 3, room);
      const [first, second, third, ...more] = events;
      assert.deepEqual([first, third, more], ['human_reminded', 'human_unanswered', []], room);
      assert.ok(second === 'human_rerouted' || second === 'human_reminded', room);
    }
    const offers = repliesIn(await installation.journal('sink/replies'), ROOMS).filter(
      ({ text }) => text === OFFER,
    );
    assert.deepEqual(offers.map(({ room }) => room).sort(), rooms.sort(), 'each customer hears it once');
  });
});
