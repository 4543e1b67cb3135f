import { strict as assert } from 'node:assert';
import { eventually, pause } from './eventually.ts';
import { post } from './gateway-client.ts';
import type { Posted, PostOutcome } from './gateway-client.ts';
import { openInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { allSettled, reckon } from './reckoning.ts';
import { openRecords } from './records.ts';
import type { Records } from './records.ts';
import { repliesIn } from './receiver.ts';
import { seededRandom } from './seeded-random.ts';
import type { SeededRandom } from './seeded-random.ts';

const CONVERSATIONS = 200;
const MESSAGES = 10;
const POSTED_TWICE = 0.2;
const WAIT_MS = 2_000;
const KILLS = 10;
/** Over so long the load is spread; a kill falls into each tenth of it. */
const LOAD_MS = 50_000;

describe('a storm of kills', function () {
  this.timeout(300_000);
  let installation: Installation;
  let records: Records;

  before(async () => {
    installation = await openInstallation({ waitSeconds: WAIT_MS / 1000, capSeconds: 6 });
    records = openRecords(installation.stage.database.ownerUrl);
    await installation.setModel({ latency_ms: 60 });
  });

  after(async () => {
    await records?.close();
    await installation?.stage.stop();
  });

  it('CONV-2 answers 2,000 messages of 200 conversations once each, in order, over ten kills', async () => {
    const random = seededRandom();
    const { stage } = installation;
    const plan = planPosts(random);
    const began = performance.now();
    const posting = plan.map(async ({ message, dueMs }) => {
      await pause(dueMs);
      return post(stage.dev(), message);
    });
    const killing = killTenTimes(installation, random, began);
    const outcomes = await Promise.all(posting);
    const killed = await killing;
    assert.equal(killed.length, KILLS);
    const loadMs = performance.now() - began;

    const distinct = [...new Map(plan.map(({ message }) => [message.id, message])).values()];
    assert.equal(distinct.length, CONVERSATIONS * MESSAGES);
    const rows = await allSettled(records, 'storm-', distinct.length, 150_000);
    const replies = repliesIn(await installation.journal('sink/replies'), 'storm-');
    const reckoned = reckon(distinct, rows, replies);
    // Else the posts were not out of order, and nothing was shown.
    assert.ok(reckoned.reordered > 0);
    console.log(
      `      seed ${random.seed}: ${JSON.stringify({
        ...reckoned,
        posts: plan.length,
        ...retried(outcomes),
        killed: killed.join(' '),
        load_s: Math.round(loadMs / 1000),
        drained_s: Math.round((performance.now() - began - loadMs) / 1000),
      })}`,
    );
  });
});

interface PlannedPost {
  message: Posted;
  dueMs: number;
}

/**
 * Ten messages a conversation in bursts, written in one order and posted in another: each post is late by less than
 * the wait time. A fifth is posted once more, up to five seconds later.
 */
function planPosts(random: SeededRandom): PlannedPost[] {
  const start = Date.now();
  const posts: PlannedPost[] = [];
  for (let room = 0; room < CONVERSATIONS; room++) {
    let writtenMs = random.between(0, LOAD_MS / 5);
    for (let number = 0; number < MESSAGES; number++) {
      writtenMs += random.chance(0.6) ? random.between(50, 900) : random.between(3_000, 12_000);
      const at = Math.min(writtenMs, LOAD_MS);
      const message = {
        id: `storm-${room}/${number}`,
        room: `storm-${room}`,
        at: new Date(start + at),
        text: `Line ${number} of room ${room}`,
      };
      const dueMs = at + random.between(0, 0.95 * WAIT_MS);
      posts.push({ message, dueMs });
      if (random.chance(POSTED_TWICE)) posts.push({ message, dueMs: dueMs + random.between(0, 5_000) });
    }
  }
  return posts;
}

async function killTenTimes({ stage }: Installation, random: SeededRandom, began: number): Promise<string[]> {
  const killed: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const due = ((kill + random.between(0.1, 0.7)) * LOAD_MS) / KILLS;
    const name = random.pick(['worker', 'api']);
    await pause(Math.max(began + due - performance.now(), 0));
    const pid = stage.pids()[name];
    assert.ok(pid !== undefined, `${name} does not run before kill ${kill + 1}`);
    await stage.kill(name);
    await eventually(`${name} is gone`, () => stage.pids()[name] !== pid);
    await stage.start(name);
    killed.push(name);
  }
  return killed;
}

function retried(outcomes: readonly PostOutcome[]): { retried: number; unanswered: number } {
  const tries = outcomes.flatMap((outcome) => outcome.statuses);
  return {
    retried: tries.length - outcomes.length,
    unanswered: tries.filter((status) => status === 0).length,
  };
}
