import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stage } from '../../dev/stage.ts';
import { openStandIns } from '../../dev/stand-ins/open-stand-ins.ts';
import { pause } from './eventually.ts';
import type { PostOutcome } from './gateway-client.ts';
import { openInstallation, wholeJournal } from './installation.ts';
import type { Installation } from './installation.ts';
import { startLoad } from './load.ts';
import { allSettled, reckon } from './reckoning.ts';
import { openRecords } from './records.ts';
import type { InboxRecord, Records } from './records.ts';
import { repliesIn } from './receiver.ts';
import { seededRandom } from './seeded-random.ts';

const DOWN_MS = 20_000;
const LOAD = { conversations: 40, perSecond: 15 };
/** The gateway's, the relay's that crossed it, and one a minute later. */
const MOST_SIGNALS = 3;
/** While Temporal is away the relay tries ten conversations, then rests for two seconds. */
const RELAY_TRIES_MS = 200;

describe('an outage', function () {
  this.timeout(300_000);
  const random = seededRandom();

  describe('of one part', () => {
    let installation: Installation;
    let records: Records;

    before(async () => {
      installation = await openInstallation({ waitSeconds: 1 });
      records = openRecords(installation.stage.database.ownerUrl);
    });

    after(async () => {
      await records?.close();
      await installation?.stage.stop();
    });

    it('CONV-2 answers every post 202 while Temporal is down, and every message afterwards', async () => {
      const { stage } = installation;
      const load = startLoad(stage.dev(), { ...LOAD, rooms: 'temporal-down-', random });
      await pause(3_000);
      await stage.kill('temporal');
      await pause(DOWN_MS);
      const tries = failedSignals(stage);
      await stage.start('temporal');
      await pause(3_000);
      const outcomes = await load.end();
      assert.deepEqual(new Set(outcomes.flatMap((outcome) => outcome.statuses)), new Set([202]));

      const rows = await allSettled(records, 'temporal-down-', load.posted.length, 120_000);
      const replies = repliesIn(await installation.journal('sink/replies'), 'temporal-down-');
      const reckoned = reckon(load.posted, rows, replies);
      const counts = distribution(rows);
      console.log(
        `      Temporal down ${DOWN_MS / 1000} s, seed ${random.seed}: ` +
          JSON.stringify({ ...reckoned, ...latency(outcomes), signals: counts, tries_while_down: tries }),
      );
      assert.ok(tries.relay <= 10 + DOWN_MS / RELAY_TRIES_MS, `the relay tried ${tries.relay} times`);
      // At most one a message: what the gateway could not signal it leaves to the relay.
      assert.ok(tries.gateway <= load.posted.length, `the gateway tried ${tries.gateway} times`);
      const most = Math.max(...rows.map((row) => row.signal_count));
      assert.ok(most <= MOST_SIGNALS, `a row was signalled ${most} times`);
    });

    it('CONV-2 answers 503 with Retry-After while Postgres is down, and every message afterwards', async () => {
      const { stage } = installation;
      const before = stage.pids();
      const load = startLoad(stage.dev(), { ...LOAD, rooms: 'postgres-down-', random });
      await pause(3_000);
      await stage.kill('postgres');
      await pause(DOWN_MS);
      await stage.start('postgres');
      await pause(3_000);
      const outcomes = await load.end();
      const answers = outcomes.flatMap((outcome) => outcome.statuses);
      assert.ok(answers.includes(503), 'nothing was posted while Postgres was down');
      assert.deepEqual(new Set(answers), new Set([202, 503]));
      assert.ok(!outcomes.some((outcome) => outcome.missedRetryAfter));

      const rows = await allSettled(records, 'postgres-down-', load.posted.length, 150_000);
      const replies = repliesIn(await installation.journal('sink/replies'), 'postgres-down-');
      const reckoned = reckon(load.posted, rows, replies);
      const after = stage.pids();
      assert.deepEqual([after['api'], after['worker']], [before['api'], before['worker']]);
      console.log(
        `      Postgres down ${DOWN_MS / 1000} s, seed ${random.seed}: ` +
          JSON.stringify({
            ...reckoned,
            answered_503: answers.filter((status) => status === 503).length,
            signals: distribution(rows),
          }),
      );
    });
  });

  it('CONV-2 loses and doubles nothing when Temporal and Postgres die and everything is stopped and started', async () => {
    // The receiver must remember longer than the installation lives.
    const outside = await openStandIns();
    const dataDir = mkdtempSync(join(tmpdir(), 'parley-outage-'));
    const open = () =>
      openInstallation({
        waitSeconds: 2,
        dataDir,
        anywhere: true,
        env: { EGRESS_ALLOW: new URL(outside.url).host },
      });
    let installation = await open();
    let records = openRecords(installation.stage.database.ownerUrl);
    try {
      const dev = installation.stage.dev();
      const channel = await installation.ask<{ id: string }>('admin', 'POST', '/v1/channels', {
        kind: 'generic',
        name: 'to a receiver outside',
        agent_id: dev.agent,
        settings: { reply_url: `${outside.url}/sink/replies` },
        secrets: { signing_secret: dev.secrets.webhook_signing_secret },
      });
      const posting = { ...dev, channels: { ...dev.channels, generic: channel.id } };
      const load = startLoad(posting, { ...LOAD, rooms: 'all-down-', random });
      await pause(6_000);
      const waiting = (await records.messages('all-down-')).filter(
        (row) => row.settled_reason === null,
      ).length;
      assert.ok(waiting > 0, 'nothing was under way');
      await Promise.all([installation.stage.kill('temporal'), installation.stage.kill('postgres')]);
      await pause(2_000);
      await records.close();
      await installation.stage.stop();

      installation = await open();
      records = openRecords(installation.stage.database.ownerUrl);
      await pause(3_000);
      await load.end();
      const rows = await allSettled(records, 'all-down-', load.posted.length, 150_000);
      const replies = repliesIn(await wholeJournal(`${outside.url}/sink/replies/journal`), 'all-down-');
      const reckoned = reckon(load.posted, rows, replies);
      console.log(
        `      everything down, seed ${random.seed}: ` +
          JSON.stringify({ ...reckoned, waiting_at_the_kill: waiting, signals: distribution(rows) }),
      );
    } finally {
      await records.close();
      await installation.stage.stop();
      await outside.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});

/** Signals that Temporal did not take so far, by who sent them. */
function failedSignals({ logFile }: Stage): { gateway: number; relay: number } {
  const lines = (name: string) =>
    readFileSync(logFile(name), 'utf8').split('Temporal did not take a signal').length - 1;
  return { gateway: lines('api'), relay: lines('worker') };
}

/** How many messages were signalled how often, as far as it was acknowledged before a turn took them. */
function distribution(rows: readonly InboxRecord[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const row of rows) counts[row.signal_count] = (counts[row.signal_count] ?? 0) + 1;
  return counts;
}

function latency(outcomes: readonly PostOutcome[]): { ack_p50_ms: number; ack_max_ms: number } {
  const sorted = outcomes.map((outcome) => outcome.ackMs).sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { ack_p50_ms: at(0.5), ack_max_ms: at(1) };
}
