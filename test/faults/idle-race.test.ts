import { strict as assert } from 'node:assert';
import { witnessCommits } from './commit-order.ts';
import type { Committed, CommitOrder } from './commit-order.ts';
import { eventually, pause } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
import { judgeRaces } from './idle-races.ts';
import type { Race } from './idle-races.ts';
import { openInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { openRecords } from './records.ts';
import type { Records } from './records.ts';
import { repliesIn } from './receiver.ts';
import { seededRandom } from './seeded-random.ts';
import type { SeededRandom } from './seeded-random.ts';

const CONVERSATIONS = 50;
const ROUNDS = 10;
const KILLS = 4;
const STEP_MS = 1_000;
/** So many milliseconds around the moment that is aimed at the message is posted. */
const AROUND = 40;
/** Whoever won, the next aim gives the other side so much more time: so each wins half of the races. */
const CORRECTION_MS = 5;
const ROOMS = 'race-';
const BUSY = `
  select c.id, c.status, c.last_message_seq,
    array(select i.seq from inbox i where i.organisation_id = c.organisation_id and i.conversation_id = c.id
          and i.settled_reason is null) as unsettled, o.unsent
  from conversations c, lateral (
    select array_agg(array[o.cause, o.state]) as unsent from outbound o
    where o.organisation_id = c.organisation_id and o.conversation_id = c.id
      and o.state in ('planned', 'sending')) o
  where starts_with(c.room, $1) and (c.status = 'open' or o.unsent is not null
    or exists (select from inbox i where i.organisation_id = c.organisation_id
         and i.conversation_id = c.id and i.settled_reason is null))`;

describe('a customer who writes in the very moment in which an idle step fires', function () {
  this.timeout(240_000);
  let installation: Installation;
  let records: Records;
  let order: CommitOrder;
  /** How long after the step's time the message is posted; of each step. */
  const aims: [number, number] = [100, 100];

  before(async () => {
    installation = await openInstallation({ waitSeconds: 0 });
    records = openRecords(installation.stage.database.ownerUrl);
    await records.pool.query('update external_actions set is_active = false');
    await installation.ask('admin', 'PUT', '/v1/feature-flags', { ai_agent_sequential_idle: true });
    await installation.setAgent({
      personalities: {},
      natural_language_escalation: false,
      idle_rule: {
        steps: [
          { action: 'follow_up', duration: STEP_MS / 1000, message: 'Still there?' },
          { action: 'resolve', duration: STEP_MS / 1000, message: 'Goodbye' },
        ],
      },
    });
    order = await witnessCommits(records);
  });

  after(async () => {
    await order?.close();
    await records?.close();
    await installation?.stage.stop();
  });

  it('IDLE-5 (IDLE-S03 NEG-1) either fires or begins anew, by the order of commits, over kills', async () => {
    const random = seededRandom();
    const began = performance.now();
    let racing = true;
    const killing = killNowAndThen(random.fork(CONVERSATIONS), () => racing);
    const rooms = Array.from({ length: CONVERSATIONS }, (_, index) => `${ROOMS}${index}/`);
    const races = (
      await Promise.all(rooms.map((room, index) => raceIn(room, random.fork(index)))).finally(
        () => (racing = false),
      )
    ).flat();
    const kills = await killing;
    await allQuiet();
    await order.close();

    const replies = repliesIn(await installation.journal('sink/replies'), ROOMS);
    const judged = await judgeRaces(records, order.committed, races, replies);
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`      seed ${random.seed}: ${JSON.stringify({ ...judged, kills, seconds })}`);
    assert.deepEqual(
      [judged.unheard, judged.untold],
      [0, 0],
      'steps that ended nowhere, or were not told once',
    );
    assert.equal(judged.races, CONVERSATIONS * ROUNDS);
    // Else one side always won, and nothing was shown.
    for (const won of [judged.nudge, judged.resolve])
      assert.ok(Math.min(won.advanced, won.reset) >= won.races / 10, JSON.stringify(won));
  });

  /** Writes, waits for the answer, and writes again in the moment in which the chosen step fires; so often. */
  async function raceIn(room: string, random: SeededRandom): Promise<Race[]> {
    const races: Race[] = [];
    await pause(random.between(0, 2 * STEP_MS));
    let conversation = '';
    const write = async () => {
      const message = messageIn(room);
      conversation = (await post(installation.stage.dev(), message)).conversationId;
      const { seq } = await comes((each) => each.what === 'message' && each.at >= message.at);
      return { seq: seq ?? 0, at: message.at.getTime() };
    };
    const comes = (is: (each: Committed) => boolean) =>
      eventually(
        `the next thing in ${room}`,
        () => order.committed.findLast((each) => each.conversation === conversation && is(each)),
        60_000,
        10,
      );
    let { seq, at } = await write();
    for (let round = 0; round < ROUNDS; round++) {
      const step = random.chance(0.5) ? 0 : 1;
      const jitter = random.between(-AROUND, AROUND);
      const from = seq;
      const answered = await comes(({ what, seq: to }) => what === 'reply' && (to ?? 0) >= from);
      let due = Math.max(at + STEP_MS, answered.at.getTime());
      if (step === 1) {
        const nudged = await comes(({ what, seq: to }) => what === 'nudge' && to === from);
        due = nudged.at.getTime() + STEP_MS;
      }
      await pause(Math.max(due + aims[step] + jitter - Date.now(), 0));
      const written = await write();
      races.push({ room, conversation, seq, step, next: written.seq });
      const fired = order.committed.some(
        (each) =>
          each.conversation === conversation &&
          each.newest === from &&
          each.what === (step === 0 ? 'nudge' : 'resolve'),
      );
      aims[step] += fired ? -CORRECTION_MS : CORRECTION_MS;
      ({ seq, at } = written);
    }
    return races;
  }

  async function killNowAndThen(random: SeededRandom, racing: () => boolean): Promise<number> {
    let kills = 0;
    while (kills < KILLS) {
      await pause(random.between(2_000, 6_000));
      if (!racing()) break;
      await installation.freshWorker();
      kills += 1;
    }
    return kills;
  }

  /** Left alone, every sequence ends with its resolve. */
  async function allQuiet(): Promise<void> {
    let busy: object[] = [];
    const quiet = eventually(
      'every conversation is resolved and nothing is under way',
      async () => {
        const { rows } = await records.pool.query<object>(BUSY, [ROOMS]);
        busy = rows;
        return busy.length === 0;
      },
      90_000,
      500,
    );
    await quiet.catch((error: Error) => {
      throw new Error(`${error.message}; ${busy.length} are not: ${JSON.stringify(busy.slice(0, 3))}`);
    });
  }
});
