import { strict as assert } from 'node:assert';
import { pause } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
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
/** Between two kills so many replies arrive, by chance, unless nothing moves for a while. */
const REPLIES_BETWEEN_KILLS = [15, 45] as const;
const NOTHING_MOVES_MS = 10_000;

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
    const began = performance.now();
    let writing = true;
    const killing = killTenTimes(installation, random.fork(CONVERSATIONS), () => writing);
    const rooms = Array.from({ length: CONVERSATIONS }, (_, index) => `storm-${index}/`);
    const written = await Promise.all(
      rooms.map((room, index) => writeTo(installation, records, random.fork(index), room)),
    );
    writing = false;
    const loadMs = performance.now() - began;
    const killed = await killing;

    const posted = written.flatMap((each) => each.messages);
    const outcomes = written.flatMap((each) => each.outcomes);
    assert.equal(posted.length, CONVERSATIONS * MESSAGES);
    const rows = await allSettled(records, 'storm-', posted.length, 150_000);
    const replies = repliesIn(await installation.journal('sink/replies'), 'storm-');
    const reckoned = reckon(posted, rows, replies);
    console.log(
      `      seed ${random.seed}: ${JSON.stringify({
        ...reckoned,
        posts: outcomes.length,
        ...retried(outcomes),
        killed: killed.map((kill) => kill.name).join(' '),
        load_s: Math.round(loadMs / 1000),
        answered_s: Math.round((performance.now() - began) / 1000),
      })}`,
    );
    // Else nothing was out of order, all was over before it began, or the kills hit nobody.
    assert.ok(reckoned.reordered > 0);
    assert.ok(reckoned.turns >= 2 * CONVERSATIONS);
    assert.ok(killed.filter((kill) => kill.underLoad).length >= KILLS / 2);
  });
});

interface Written {
  messages: Posted[];
  outcomes: PostOutcome[];
}

/**
 * A customer who writes ten messages in bursts and waits for the answer of every second one or so. Messages are
 * written in one order and posted in another, each late by less than the wait time; a fifth is posted once more, up
 * to five seconds later.
 */
async function writeTo(
  { stage }: Installation,
  records: Records,
  random: SeededRandom,
  room: string,
): Promise<Written> {
  const messages: Posted[] = [];
  const posting: Promise<PostOutcome>[] = [];
  const postAfter = async (ms: number, message: Posted) => {
    await pause(ms);
    return post(stage.dev(), message);
  };
  await pause(random.between(0, 5_000));
  while (messages.length < MESSAGES) {
    const size = Math.min(Math.ceil(random.between(0, 4)), MESSAGES - messages.length);
    const start = Date.now();
    let at = 0;
    for (let count = 0; count < size; count++) {
      at += random.between(20, 500);
      const message = messageIn(room, `Line ${messages.length}`, new Date(start + Math.round(at)));
      const due = at + random.between(0, 0.95 * WAIT_MS);
      messages.push(message);
      posting.push(postAfter(due, message));
      if (random.chance(POSTED_TWICE)) posting.push(postAfter(due + random.between(0, 5_000), message));
    }
    if (random.chance(0.5)) {
      await Promise.all(posting);
      await allSettled(records, room, messages.length, 150_000);
    } else {
      await pause(at + random.between(500, 6_000));
    }
  }
  return { messages, outcomes: await Promise.all(posting) };
}

async function killTenTimes(
  { stage }: Installation,
  random: SeededRandom,
  underLoad: () => boolean,
): Promise<{ name: string; underLoad: boolean }[]> {
  const arrived = async (): Promise<number> => {
    const answer = await fetch(`${stage.sink}/journal?limit=0`);
    return ((await answer.json()) as { distinct: number }).distinct;
  };
  const killed: { name: string; underLoad: boolean }[] = [];
  for (const name of random.shuffle(
    Array.from({ length: KILLS }, (_, kill) => (kill % 2 ? 'api' : 'worker')),
  )) {
    const wanted = (await arrived()) + random.between(...REPLIES_BETWEEN_KILLS);
    const deadline = performance.now() + NOTHING_MOVES_MS;
    while ((await arrived()) < wanted && performance.now() < deadline) await pause(50);
    assert.ok(stage.pids()[name] !== undefined, `${name} does not run before kill ${killed.length + 1}`);
    killed.push({ name, underLoad: underLoad() });
    await stage.kill(name);
    await stage.start(name);
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
