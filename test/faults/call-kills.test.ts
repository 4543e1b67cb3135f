import { strict as assert } from 'node:assert';
import { CASES, UNSURE } from './call-cases.ts';
import type { CallCase, Effect } from './call-cases.ts';
import { openCallStage } from './call-stage.ts';
import type { CallRecord, CallStage } from './call-stage.ts';
import { eventually } from './eventually.ts';
import type { Posted } from './gateway-client.ts';

/** `atOnce`: how many may be killed before the first of them is tried again, and would be killed at the same point. */
const POINTS = [
  { point: 'call.planned', atOnce: CASES.length },
  { point: 'call.before', atOnce: 2 },
  { point: 'call.after', atOnce: 2 },
  { point: 'call.recorded', atOnce: CASES.length },
] as const;
type Point = (typeof POINTS)[number]['point'];

/** One conversation whose worker was killed. */
interface Killed {
  room: string;
  messages: Posted[];
  /** As the dead worker left it. */
  left: { call: CallRecord; effect: Effect };
}

describe('a worker killed between deciding, calling and recording', function () {
  this.timeout(240_000);
  let stage: CallStage;
  before(async () => (stage = await openCallStage()));
  after(() => stage?.stop());

  const lastCall = async (room: string): Promise<CallRecord> => {
    const call = (await stage.calls(room)).at(-1);
    assert.ok(call !== undefined, `${room} has no call`);
    return call;
  };

  for (const { point, atOnce } of POINTS) {
    describe(`at ${point}`, () => {
      const killed = new Map<string, Killed>();
      const roomOf = ({ name }: CallCase) => `${name}/${point}`;

      before(async () => {
        const began = performance.now();
        const opening = new Map<string, Posted[]>();
        for (const each of CASES) opening.set(each.name, await opened(each, roomOf(each)));
        for (let from = 0; from < CASES.length; from += atOnce) {
          const together = CASES.slice(from, from + atOnce);
          for (const each of together)
            killed.set(each.name, await kill(each, roomOf(each), point, opening.get(each.name) ?? []));
          await stage.installation.freshWorker();
          for (const each of together) await isOver(each, roomOf(each));
        }
        const seconds = Math.round((performance.now() - began) / 1000);
        console.log(`      ${CASES.length} kills at ${point} and what followed: ${seconds} s`);
      });

      for (const each of CASES) {
        it(`ACT-8 does ${each.title} once over a kill at ${point}, and answers once`, async () => {
          const { room, messages, left } = killed.get(each.name) ?? assert.fail('it was not killed');
          assert.deepEqual(
            [left.call.state, left.call.attempts, left.effect.made],
            leftBehind(each, point),
            'the worker died elsewhere',
          );
          const got = await stage.answers(room, messages);
          const call = await lastCall(room);
          const effect = await each.effect(stage, room, call);
          const unknown = each.unrepeatable === true && left.call.state === 'calling';
          assert.equal(call.id, left.call.id, 'another call was planned');
          assert.equal(call.state, unknown ? 'unknown' : 'succeeded');
          assert.equal(effect.made, unknown ? left.effect.made : 1);
          if (each.name !== 'order') assert.equal(effect.asked, effect.made);
          assert.match(got.at(-1)?.text ?? '', unknown ? UNSURE : each.answer);
          const events = await stage.records.events(room);
          const name = each.name === 'order' ? 'external_action_succeeded' : 'qontak_action_executed';
          const ended = unknown ? 'qontak_action_unknown' : name;
          const ends = events.filter((event) => /_(succeeded|executed|failed|unknown)$/.test(event));
          assert.deepEqual(ends, each.first === undefined ? [ended] : [name, ended]);
        });
      }
    });
  }

  /** The turn before, where there has to be one. */
  async function opened({ first }: CallCase, room: string): Promise<Posted[]> {
    if (first === undefined) return [];
    if (stage.installation.stage.pids()['worker'] === undefined) await stage.installation.freshWorker();
    const message = stage.message(room, first);
    await stage.send(message);
    await stage.answers(room, [message]);
    return [message];
  }

  async function kill(each: CallCase, room: string, point: Point, before: Posted[]): Promise<Killed> {
    const message = stage.message(room, each.name);
    await stage.killedAt(point, () => stage.send(message));
    const call = await lastCall(room);
    return {
      room,
      messages: [...before, message],
      left: { call, effect: await each.effect(stage, room, call) },
    };
  }

  /** Nothing of it is tried any more, so that a further kill at the point hits another conversation. */
  async function isOver(each: CallCase, room: string): Promise<void> {
    await eventually(`${each.name} has ended`, async () => {
      const { state } = await lastCall(room);
      return !['planned', 'calling'].includes(state);
    });
  }

  function leftBehind({ atomic }: CallCase, point: Point): [state: string, attempts: number, made: number] {
    switch (point) {
      case 'call.planned':
        return ['planned', 0, 0];
      case 'call.before':
        return ['calling', 1, 0];
      case 'call.after':
        return [atomic === true ? 'succeeded' : 'calling', 1, 1];
      case 'call.recorded':
        return ['succeeded', 1, 1];
    }
  }
});
