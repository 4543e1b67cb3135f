import { strict as assert } from 'node:assert';
import type { Channels, Delivery, SendOutcome } from '../../activities/ports.ts';
import { REPEAT } from '../../domain/channel.ts';

/** A fault of the stand-ins: `dev/stand-ins/faults.ts`, Meta's `code` and Slack's `error`. */
export interface SwitchedFault {
  status?: number;
  code?: number;
  error?: string;
  headers?: Record<string, string>;
  drop?: boolean;
  hang?: boolean;
  when?: 'after';
}

/** One channel in front of its stand-in. */
export interface ChannelRig {
  channels: Channels;
  /** The same with a short time for each call. */
  impatient: Channels;
  delivery: Delivery;
  /** The same delivery, on an integration whose provider cannot be reached. */
  unreachable: { channels: Channels; delivery: Delivery };
  setClock(now: Date): void;
  /** What the permanent refusal of this channel looks like, and the code it becomes. */
  permanent: { fault: SwitchedFault; code: string };
  fault(fault: SwitchedFault): Promise<void>;
  /** Messages the provider took, each with the key by which we or it would know a repeat. */
  taken(): Promise<{ key: unknown; text: unknown }[]>;
  /** Resolves when a request is at the provider, answered or not. */
  arrived(): Promise<void>;
  close(): Promise<void>;
}

const NEVER = new AbortController().signal;

/** What every channel that calls a provider owes the ledger (CHAN-4, CHAN-5). */
export function describeChannel(name: string, open: () => Promise<ChannelRig>): void {
  describe(`${name} channel`, () => {
    let rig: ChannelRig;
    beforeEach(async () => {
      rig = await open();
    });
    afterEach(() => rig.close());

    async function send(change: Partial<Delivery> = {}, signal = NEVER): Promise<SendOutcome> {
      const outcome = await rig.channels.send({ ...rig.delivery, ...change }, signal);
      if (outcome.kind !== 'sent') assert.match(outcome.code, /^[a-z0-9_]{1,40}$/, 'a code holds no words');
      return outcome;
    }
    const takenKeys = async () => (await rig.taken()).map(({ key }) => key);
    /** The outcome of a call that may have arrived, by the channel's own rule. */
    function assertMayHaveArrived(outcome: SendOutcome): void {
      if (REPEAT[rig.delivery.channel] === 'never') assert.equal(outcome.kind, 'unknown');
      else
        assert.deepEqual(outcome, {
          kind: 'try_again',
          afterMs: null,
          code: 'outcome_unknown',
          mayHaveArrived: true,
        });
    }

    it('CHAN-3 sends once, with our id and the text as it is', async () => {
      assert.equal((await send()).kind, 'sent');
      const { outboundId, text } = rig.delivery;
      assert.deepEqual(await rig.taken(), [{ key: outboundId, text }]);
    });

    it('CHAN-4 waits as long as the provider says when it throttles', async () => {
      await rig.fault({ status: 429, headers: { 'retry-after': '7' } });
      const outcome = await send();
      assert.deepEqual([outcome.kind, 'afterMs' in outcome && outcome.afterMs], ['try_again', 7000]);
      assert.deepEqual(await takenKeys(), []);
      assert.equal((await send({ attempt: 2 })).kind, 'sent');
    });

    it('CHAN-4 tries again after a server error, at a time of the workflow’s choice', async () => {
      for (const status of [500, 503]) {
        await rig.fault({ status });
        const outcome = await send();
        assert.deepEqual([outcome.kind, 'afterMs' in outcome && outcome.afterMs], ['try_again', null]);
      }
      assert.deepEqual(await takenKeys(), []);
    });

    it('CHAN-4 does not try again after a permanent refusal', async () => {
      await rig.fault(rig.permanent.fault);
      assert.deepEqual(await send(), { kind: 'failed', code: rig.permanent.code });
      assert.deepEqual(await takenKeys(), []);
    });

    it('CHAN-5 says that a call broken off before it was taken may have arrived', async () => {
      await rig.fault({ drop: true });
      assertMayHaveArrived(await send());
      assert.deepEqual(await takenKeys(), []);
    });

    it('CHAN-5 says that a call broken off after it was taken may have arrived, and repeats its key', async () => {
      await rig.fault({ drop: true, when: 'after' });
      assertMayHaveArrived(await send());
      assert.deepEqual(await takenKeys(), [rig.delivery.outboundId]);
      if (REPEAT[rig.delivery.channel] === 'never') return;
      assert.equal((await send({ attempt: 2 })).kind, 'sent');
      assert.deepEqual(await takenKeys(), [rig.delivery.outboundId, rig.delivery.outboundId]);
    });

    it('CHAN-5 says that a call without an answer may have arrived', async () => {
      await rig.fault({ hang: true });
      assertMayHaveArrived(await rig.impatient.send(rig.delivery, NEVER));
    });

    it('CHAN-5 says that a call aborted on the wire may have arrived', async () => {
      await rig.fault({ hang: true });
      const stopping = new AbortController();
      const outcome = send({}, stopping.signal);
      await rig.arrived();
      stopping.abort();
      assertMayHaveArrived(await outcome);
    });

    it('CHAN-5 says that nothing happened when the provider cannot be reached', async () => {
      const outcome = await rig.unreachable.channels.send(rig.unreachable.delivery, NEVER);
      assert.deepEqual(outcome, {
        kind: 'try_again',
        afterMs: null,
        code: 'nothing_sent',
        mayHaveArrived: false,
      });
    });

    it('CHAN-5 begins no call for a caller that has gone', async () => {
      assert.deepEqual(await send({}, AbortSignal.abort()), {
        kind: 'try_again',
        afterMs: 0,
        code: 'aborted',
        mayHaveArrived: false,
      });
      assert.deepEqual(await takenKeys(), []);
    });

    it('CHAN-5 begins no call once the deadline of the fence has come', async () => {
      rig.setClock(rig.delivery.deadline);
      assert.deepEqual(await send(), {
        kind: 'try_again',
        afterMs: 0,
        code: 'deadline_passed',
        mayHaveArrived: false,
      });
      rig.setClock(new Date(rig.delivery.deadline.getTime() - 1));
      assert.equal((await send()).kind, 'sent');
      assert.equal((await takenKeys()).length, 1);
    });
  });
}
