import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { Caller, MemberRecord } from '../../api/ports.ts';
import { openPeople } from '../../adapters/postgres/people.ts';
import { openScene } from '../postgres/actions.ts';
import { NOW, later, openInstallation, openRoom } from '../postgres/installation.ts';
import type { Room } from '../postgres/installation.ts';

const ASSIGN = { tool: 'qontak_chat_room_assign', reliability: 'keyed' as const };

describe('a conversation that changes hands', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  /** What consoles were told, oldest first: status, owner, epoch, assignee, queued, division. */
  const told = async (room: Pick<Room, 'look' | 'ref'>) => {
    const rows = await room.look<{ properties: Record<string, unknown> }>(
      `select properties from events where name = 'conversation_changed' and conversation_id = $1 order by number`,
      [room.ref.conversationId],
    );
    return rows.map(({ properties: { status, owner, epoch, assignee, queued, division_id } }) => [
      status,
      owner,
      epoch,
      assignee,
      queued,
      division_id,
    ]);
  };

  it('APR-7 tells of opening, take-over, hand-back, resolving and opening again, and not of each message', async () => {
    const room = await openRoom(pool);
    const { conversationId } = room.ref;
    const { keyId } = room.caller;
    await room.say('m2', {}, later(1));
    for (const command of ['take_over', 'hand_back', 'resolve'] as const)
      await room.inbox.command(room.caller, conversationId, command, later(2));
    await room.say('m3', {}, later(3));
    await room.say('m4', {}, later(4));
    assert.deepEqual(await told(room), [
      ['active', 'agent', 1, null, false, null],
      ['assigned', 'operator', 2, keyId, false, null],
      ['active', 'agent', 3, null, false, null],
      ['resolved', 'agent', 4, null, false, null],
      ['active', 'agent', 5, null, false, null],
    ]);
    const [event] = await room.look<{ properties: object; at: Date }>(
      `select properties, at from events where name = 'conversation_changed' order by number limit 1`,
    );
    assert.deepEqual(event, {
      properties: {
        status: 'active',
        owner: 'agent',
        epoch: 1,
        assignee: null,
        queued: false,
        division_id: null,
        agent_id: room.integration.agentId,
        channel: 'generic',
      },
      at: NOW,
    });
  });

  it('APR-7 tells nothing of a command that came too late', async () => {
    const room = await openRoom(pool);
    await Promise.all(
      Array.from({ length: 5 }, () =>
        room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW),
      ),
    );
    assert.equal((await told(room)).length, 2);
  });

  it('APR-7 tells who is given what waits, and what waits again when they are removed', async () => {
    const room = await openRoom(pool);
    const people = openPeople(pool, { now: () => NOW });
    const admin: Caller = { ...room.caller, role: 'admin' };
    await room.inbox.assign(room.caller, room.ref.conversationId, { type: 'auto' }, NOW);
    const olga = (await people.createMember(admin, { name: 'Olga', role: 'operator' })) as MemberRecord;
    await people.setPresence({ ...room.caller, memberId: olga.id }, { online: true });
    await people.removeMember(admin, olga.id);
    assert.deepEqual((await told(room)).slice(1), [
      ['escalated', 'operator', 2, null, true, null],
      ['assigned', 'operator', 3, olga.id, false, null],
      ['escalated', 'operator', 4, null, true, null],
    ]);
  });

  it('APR-7 tells what the agent’s own tools do with it, once though the activity runs again', async () => {
    const scene = await openScene(pool);
    const division = await scene.division();
    const call = await scene.under(ASSIGN);
    const to = { type: 'division' as const, divisionId: division, closingMessage: null };
    for (let run = 0; run < 2; run++) await scene.rooms.assign(scene.refOf(call), to, NOW);
    assert.deepEqual((await told(scene)).slice(1), [['escalated', 'operator', 2, null, true, division]]);
  });
});
