import { strict as assert } from 'node:assert';
import { eventually, pause } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
import type { Posted } from './gateway-client.ts';
import { openHistories } from './histories.ts';
import { openInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { allSettled, reckon } from './reckoning.ts';
import { openRecords } from './records.ts';
import type { Records } from './records.ts';
import { repliesIn } from './receiver.ts';
import { seededRandom } from './seeded-random.ts';

const TURNS_PER_RUN = 3;
const TURNS = 100;
const ROOMS = 2;
const FEWEST_RUNS = 30;
/** More than any order of regrouping needs: a conversation that stopped answering is found, not waited for. */
const MOST_MESSAGES = 2_000;

describe('a conversation over many runs', function () {
  this.timeout(240_000);
  let installation: Installation;
  let records: Records;

  before(async () => {
    installation = await openInstallation({ waitSeconds: 0, env: { TURNS_PER_RUN: String(TURNS_PER_RUN) } });
    records = openRecords(installation.stage.database.ownerUrl);
    await installation.setModel({ latency_ms: 30 });
  });

  after(async () => {
    await records?.close();
    await installation?.stage.stop();
  });

  it('CONV-6 loses and doubles nothing when it continues as new every three turns', async () => {
    const random = seededRandom();
    const dev = installation.stage.dev();
    const posted: Posted[] = [];
    const repeated: Posted[] = [];
    const conversationIds = await Promise.all(
      Array.from({ length: ROOMS }, async (_, index) => {
        const room = `long-${index}`;
        const inFlight: Promise<unknown>[] = [];
        let conversationId = '';
        for (let number = 0; number < MOST_MESSAGES; number++) {
          const message = messageIn(room, `Line ${number}`);
          posted.push(message);
          const posting = post(dev, message).then((outcome) => (conversationId = outcome.conversationId));
          inFlight.push(posting);
          // A provider that repeats itself, perhaps in another run than the first time.
          if (random.chance(0.1)) {
            repeated.push(message);
            inFlight.push(pause(random.between(0, 1_500)).then(() => post(dev, message)));
          }
          await pause(random.between(10, 200));
          if (number % 20 === 0 && (await lastTurn(room)) >= TURNS) break;
        }
        await Promise.all(inFlight);
        return conversationId;
      }),
    );

    const rows = await allSettled(records, 'long-', posted.length, 60_000);
    const replies = repliesIn(await installation.journal('sink/replies'), 'long-');
    const reckoned = reckon(posted, rows, replies);
    assert.ok(reckoned.turns >= ROOMS * TURNS);

    const histories = await openHistories(dev);
    try {
      const runs = await Promise.all(
        conversationIds.map((id) =>
          eventually(
            'every run is listed',
            async () => {
              const listed = await histories.runs(id);
              return listed.length >= FEWEST_RUNS && listed.at(-1)?.status === 'RUNNING' && listed;
            },
            20_000,
          ),
        ),
      );
      for (const ofOne of runs) {
        const ends = ofOne.slice(0, -1).map((run) => run.status);
        assert.deepEqual(new Set(ends), new Set(['CONTINUED_AS_NEW']));
      }
      console.log(
        `      seed ${random.seed}: ${JSON.stringify({
          ...reckoned,
          posted_twice: repeated.length,
          runs: runs.map((ofOne) => ofOne.length),
          most_events_a_run: Math.max(...runs.flat().map((run) => run.events)),
        })}`,
      );
    } finally {
      await histories.close();
    }
  });

  async function lastTurn(room: string): Promise<number> {
    const { rows } = await records.pool.query<{ turn: number }>(
      'select turn from conversations where room = $1',
      [room],
    );
    return rows[0]?.turn ?? 0;
  }
});
