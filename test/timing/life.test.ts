import { strict as assert } from 'node:assert';
import { openSkippedWorld, HOUR, MINUTE, punctual, SECOND } from './skipped-world.ts';
import type { SkippedWorld } from './skipped-world.ts';

/** Half an hour, four hours and a day. */
const STEPS = [
  { action: 'follow_up' as const, duration: 1_800, message: 'Still there?' },
  { action: 'follow_up' as const, duration: 14_400, message: 'We are here until tomorrow.' },
  { action: 'resolve' as const, duration: 86_400, message: 'Goodbye.' },
];

describe('the life of a conversation in its real durations', function () {
  this.timeout(60_000);
  let world: SkippedWorld;

  before(async function () {
    const opened = await openSkippedWorld();
    if (opened === null) return this.skip();
    world = opened;
  });
  after(() => world?.close());

  const kinds = (heard: { kind: string }[]) => heard.map(({ kind }) => kind);

  it('CONV-3 answers two messages together eight seconds after the second', async () => {
    const customer = await world.customer({});
    const first = await customer.says('Hello,');
    await world.sleep(5 * SECOND);
    const second = await customer.says('where is my order?');
    await world.sleep(8 * SECOND);
    const [reply] = await customer.hears(1);
    punctual(reply?.at, second, 8 * SECOND);
    assert.ok(second.getTime() - first.getTime() >= 5 * SECOND);
  });

  it('CONV-3 answers a customer who writes without a pause after thirty seconds', async () => {
    const customer = await world.customer({});
    const first = await customer.says('word 0');
    for (const n of [1, 2, 3, 4, 5]) {
      await world.sleep(5 * SECOND);
      await customer.says(`word ${n}`);
    }
    await world.sleep(5 * SECOND);
    const [reply] = await customer.hears(1);
    punctual(reply?.at, first, 30 * SECOND);
  });

  it('IDLE-4 (IDLE-S02 AC-1; IDLE-S02 AC-2; IDLE-S02 AC-3) nudges after 30 minutes and 4 hours more, and closes after a day more', async () => {
    const customer = await world.customer({ idleRule: { steps: STEPS } });
    const said = await customer.says('Where is my order?');
    await world.sleep(8 * SECOND);
    await customer.hears(1);
    const { idleStep } = await customer.view();
    assert.deepEqual(idleStep, { step: 0, due: said.getTime() + 30 * MINUTE });

    await world.sleepUntil(new Date(said.getTime() + 30 * MINUTE - SECOND));
    await customer.hears(1);
    await world.sleep(SECOND);
    const [, first] = await customer.hears(2);
    punctual(first?.at, said, 30 * MINUTE);

    await world.sleep(4 * HOUR);
    const [, , second] = await customer.hears(3);
    punctual(second?.at, first?.at, 4 * HOUR);

    await world.sleep(24 * HOUR);
    const all = await customer.hears(4);
    punctual(all[3]?.at, second?.at, 24 * HOUR);
    assert.deepEqual(kinds(all), ['reply', 'nudge', 'nudge', 'closing']);
    await customer.isOver();
    const fired = await customer.times('ai_agent_idle_step_fired');
    punctual(fired[0], said, 30 * MINUTE);
    punctual(fired[1], fired[0], 4 * HOUR);
    punctual(fired[2], fired[1], 24 * HOUR);
  });

  it('IDLE-5 (IDLE-S03 AC-1; IDLE-S03 AC-2) counts 30 minutes anew from a message that came in the midst of the 4 hours', async () => {
    const customer = await world.customer({ idleRule: { steps: STEPS } });
    await customer.says('Where is my order?');
    await world.sleep(31 * MINUTE);
    await customer.hears(2);
    await world.sleep(HOUR);
    const again = await customer.says('Sorry, I was away.');
    await world.sleep(8 * SECOND);
    await customer.hears(3);
    await world.sleep(29 * MINUTE);
    await customer.hears(3);
    await world.sleep(MINUTE);
    const all = await customer.hears(4);
    assert.deepEqual(kinds(all), ['reply', 'nudge', 'reply', 'nudge']);
    punctual(all[3]?.at, again, 30 * MINUTE);
    const [reset] = await customer.times('ai_agent_idle_sequence_reset');
    punctual(reset, again, 8 * SECOND);
  });

  it('IDLE-10 brings a nudge that would miss the 24 hours of WhatsApp forward to five minutes before their end', async () => {
    const steps = [
      { action: 'follow_up' as const, duration: 43_200, message: 'Still there?' },
      { action: 'follow_up' as const, duration: 50_400, message: 'Last call.' },
    ];
    const customer = await world.customer({ idleRule: { steps } }, 'whatsapp');
    const said = await customer.says('Where is my order?');
    await world.sleep(24 * HOUR);
    const all = await customer.hears(3);
    punctual(all[1]?.at, said, 12 * HOUR);
    punctual(all[2]?.at, said, 24 * HOUR - 5 * MINUTE);
  });
});
