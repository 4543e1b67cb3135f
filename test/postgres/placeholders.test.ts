import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { SendOutcome, StandingPlaceholder } from '../../activities/ports.ts';
import { openEchoes, openPlaceholders } from '../../adapters/postgres/placeholders.ts';
import { later, NOW, openInstallation, openRoom } from './installation.ts';
import type { Room } from './installation.ts';

const posted = (ts: string): SendOutcome => ({ kind: 'sent', providerMessageId: `C1:${ts}` });
const MAYBE: SendOutcome = { kind: 'unknown', code: 'outcome_unknown' };
const NOT: SendOutcome = { kind: 'try_again', afterMs: null, code: 'nothing_sent', mayHaveArrived: false };

describe('placeholders', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  const open = () => openPlaceholders(pool);
  const begin = (room: Room, turn = 1, epoch = 1) =>
    open().begin(room.ref, turn, { epoch, now: NOW, holdMs: 5000 });
  const leftOver = (room: Room, exceptTurn: number | null = null) =>
    open().leftOver(room.ref, { exceptTurn, now: NOW, holdMs: 5000 });
  const idsOf = (left: readonly StandingPlaceholder[]) => left.map(({ placeholderId }) => placeholderId);
  /** One that stands for a turn. */
  async function stand(room: Room, turn = 1): Promise<string> {
    const place = await begin(room, turn);
    assert.ok(place);
    assert.equal(await open().posted(room.ref, place.placeholderId, posted(`${turn}.1`), NOW), true);
    return place.placeholderId;
  }
  const take = async (room: Room, outboundId: string) =>
    (await open().take(room.ref, outboundId, NOW))?.placeholderId;
  const slack = () => openRoom(pool, 'slack');

  it('CHAN-3 begins one for a turn, with all that a channel needs to post it', async () => {
    const room = await slack();
    const { id, organisationId } = room.integration;
    const { placeholderId, ...place } = (await begin(room)) ?? { placeholderId: '' };
    assert.match(placeholderId, /^[0-9a-f-]{36}$/);
    assert.deepEqual(place, {
      organisationId,
      conversationId: room.ref.conversationId,
      channel: 'slack',
      channelIntegrationId: id,
      integrationVersion: 1,
      room: 'r',
      deadline: later(5),
    });
  });

  it('CHAN-5 begins one for a turn, however often the step is made', async () => {
    const room = await slack();
    const begun = await Promise.all(Array.from({ length: 10 }, () => begin(room)));
    assert.equal(begun.filter((place) => place !== null).length, 1);
    assert.equal(await begin(room), null);
    assert.ok(await begin(room, 2));
  });

  it('ESC-5 begins none once a person has the conversation, nor for an earlier epoch', async () => {
    const room = await slack();
    assert.equal(
      (await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW)).kind,
      'done',
    );
    assert.equal(await begin(room, 1, 1), null);
    assert.equal(await begin(room, 1, 2), null);
    await room.inbox.command(room.caller, room.ref.conversationId, 'hand_back', NOW);
    assert.equal(await begin(room, 1, 1), null);
    assert.ok(await begin(room, 1, 3));
    await room.inbox.command(room.caller, room.ref.conversationId, 'resolve', NOW);
    assert.equal(await begin(room, 2, 4), null);
  });

  it('ESC-5 keeps a take-over waiting for one that is being posted, and names it where that takes too long', async () => {
    const takeOver = async (room: Room, now = NOW) => {
      const result = await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', now);
      return result.kind === 'done' && result.inFlight;
    };
    const [inTime, tooLong, dead] = [await slack(), await slack(), await slack()];
    const place = await begin(inTime);
    const taking = takeOver(inTime);
    await open().posted(inTime.ref, place?.placeholderId ?? '', posted('1.1'), NOW);
    assert.deepEqual(await taking, []);
    const slow = await begin(tooLong);
    assert.deepEqual(await takeOver(tooLong), [slow?.placeholderId]);
    await begin(dead);
    assert.deepEqual(await takeOver(dead, later(11)), [], 'nobody posts it any more');
  });

  it('CHAN-3 begins none on a channel that does not update in place', async () => {
    for (const kind of ['generic', 'webchat', 'whatsapp'] as const)
      assert.equal(await begin(await openRoom(pool, kind)), null);
  });

  it('CHAN-5 gives a message its turn’s placeholder, and every try of it the same', async () => {
    const room = await slack();
    const placeholderId = await stand(room);
    const message = await room.reply(1, 'first');
    assert.deepEqual(await open().take(room.ref, message, NOW), {
      placeholderId,
      providerMessageId: 'C1:1.1',
    });
    await stand(room, 2);
    assert.equal(await take(room, message), placeholderId, 'though a newer one stands');
  });

  it('CHAN-5 finds the placeholder again under the new id that new words give a message', async () => {
    const room = await slack();
    const placeholderId = await stand(room);
    const first = await room.reply(1, 'first');
    assert.equal((await room.fence(1)).kind, 'ready');
    assert.equal(await take(room, first), placeholderId);
    await room.ledger.record(room.ref, first, NOT, NOW);
    await room.say('m2');
    const second = await room.reply(1, 'second');
    assert.notEqual(second, first);
    assert.equal(await take(room, second), placeholderId);
  });

  it('CHAN-5 gives what stands to whichever message comes, when its own never did', async () => {
    const room = await slack();
    const placeholderId = await stand(room, 7);
    assert.equal(await take(room, await room.reply(1, 'instead')), placeholderId);
  });

  it('CHAN-5 gives none while it is not known where one stands', async () => {
    const room = await slack();
    const place = await begin(room);
    assert.ok(place);
    await open().posted(room.ref, place.placeholderId, MAYBE, NOW);
    assert.equal(await take(room, await room.reply(1, 'first')), undefined);
    assert.deepEqual(await leftOver(room), []);
  });

  it('CHAN-5 learns from the channel’s own word where one stands, and clears it when a message has another', async () => {
    const room = await slack();
    const place = await begin(room);
    assert.ok(place);
    await open().posted(room.ref, place.placeholderId, MAYBE, NOW);
    const message = await room.reply(1, 'first');
    const own = await open().beginFor(room.ref, message, NOW);
    await open().posted(room.ref, own, posted('2.2'), NOW);
    const echoes = [{ placeholderId: place.placeholderId, providerMessageId: 'C1:1.1' }];
    await openEchoes(pool).heard(room.integration, echoes, NOW);
    assert.equal(await take(room, message), own, 'the answer may be in it');
    assert.deepEqual(idsOf(await leftOver(room)), [place.placeholderId]);
  });

  it('TEN-1 hears of a placeholder from its own integration only', async () => {
    const [room, other] = [await slack(), await slack()];
    const place = await begin(room);
    assert.ok(place);
    const echoes = [{ placeholderId: place.placeholderId, providerMessageId: 'C1:1.1' }];
    await openEchoes(pool).heard(other.integration, echoes, NOW);
    const message = await room.reply(1, 'first');
    assert.equal(await take(room, message), undefined);
    await openEchoes(pool).heard(room.integration, echoes, NOW);
    assert.equal(await take(room, message), place.placeholderId);
  });

  it('CHAN-5 keeps a message’s own placeholder from everything else, whoever tells of it first', async () => {
    const room = await slack();
    const message = await room.reply(1, 'first');
    assert.equal((await room.fence(1)).kind, 'ready');
    const own = await open().beginFor(room.ref, message, NOW);
    await openEchoes(pool).heard(
      room.integration,
      [{ placeholderId: own, providerMessageId: 'C1:1.1' }],
      NOW,
    );
    assert.deepEqual(await leftOver(room), [], 'its message is being sent');
    assert.equal(await open().posted(room.ref, own, posted('1.1'), NOW), true);
    await room.ledger.record(room.ref, message, posted('1.1'), NOW);
    assert.deepEqual(await leftOver(room), [], 'its message is in it');
  });

  it('CHAN-5 forgets what was certainly not posted', async () => {
    const room = await slack();
    const place = await begin(room);
    assert.ok(place);
    await open().posted(room.ref, place.placeholderId, NOT, NOW);
    assert.equal(await take(room, await room.reply(1, 'first')), undefined);
    await openEchoes(pool).heard(room.integration, [{ ...place, providerMessageId: 'C1:1.1' }], NOW);
    assert.deepEqual(await leftOver(room), []);
  });

  it('CHAN-5 leaves over what a refused or failed message was to replace, and what stands for nothing', async () => {
    const room = await slack();
    const placeholderId = await stand(room);
    const message = await room.reply(1, 'first');
    assert.equal((await room.fence(1)).kind, 'ready');
    await take(room, message);
    assert.deepEqual(await leftOver(room), []);
    await room.ledger.record(room.ref, message, { kind: 'failed', code: 'x' }, NOW);
    const [left, ...more] = await leftOver(room);
    assert.deepEqual(
      [left?.placeholderId, left?.providerMessageId, left?.channel, more],
      [placeholderId, 'C1:1.1', 'slack', []],
    );
    assert.deepEqual(idsOf(await leftOver(room)), [placeholderId], 'until it is gone');
    await open().gone(room.ref, placeholderId, NOW);
    assert.deepEqual(await leftOver(room), []);
  });

  it('CHAN-5 clears nothing of the turn that goes on, and nothing from under a message', async () => {
    const room = await slack();
    const [first, second] = [await stand(room, 1), await stand(room, 2)];
    assert.deepEqual(idsOf(await leftOver(room, 2)), [first]);
    assert.equal(await take(room, await room.reply(1, 'x')), second, 'the reserved one is not to be had');
  });

  it('CHAN-5 does not use one of its own that was reserved for clearing meanwhile', async () => {
    const room = await slack();
    const message = await room.reply(1, 'first');
    const own = await open().beginFor(room.ref, message, NOW);
    await openEchoes(pool).heard(
      room.integration,
      [{ placeholderId: own, providerMessageId: 'C1:1.1' }],
      NOW,
    );
    assert.deepEqual(idsOf(await leftOver(room)), [own]);
    assert.equal(await open().posted(room.ref, own, posted('1.1'), NOW), false);
  });

  it('CHAN-5 never gives to a message what is reserved for clearing at the same moment, nor the other way round', async () => {
    for (let round = 0; round < 20; round++) {
      const room = await slack();
      const placeholderId = await stand(room);
      const message = await room.reply(1, 'first');
      assert.equal((await room.fence(1)).kind, 'ready');
      await room.ledger.record(room.ref, message, NOT, NOW);
      const [taken, left] = await Promise.all([take(room, message), leftOver(room)]);
      assert.equal(Number(taken === placeholderId) + left.length, 1, `round ${round}`);
    }
  });
});
