import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { asOrganisation } from '../../adapters/postgres/as-organisation.ts';
import { openPeople } from '../../adapters/postgres/people.ts';
import { openReaders } from '../../adapters/postgres/readers.ts';
import { openSettings } from '../../adapters/postgres/settings.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import { until } from '../../dev/until.ts';
import type { Caller, DivisionRecord, MemberRecord, OutgoingSignal } from '../../api/ports.ts';
import { later, look, makeIntegration, NOW, openInstallation, openRoom } from './installation.ts';
import type { Room } from './installation.ts';

const secrets = openSecrets(`test:${Buffer.alloc(32, 7).toString('base64')}`);

describe('people', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let room: Room;
  let admin: Caller;
  const clock = { now: () => NOW };

  before(async () => ({ pool, close } = await openInstallation()));
  after(() => close());
  beforeEach(async () => {
    room = await openRoom(pool);
    admin = { ...room.caller, role: 'admin' };
  });

  const people = () => openPeople(pool, clock);
  const settings = () => openSettings(pool, secrets, clock);
  const operator = async (name: string, more: { capacity?: number; divisions?: string[] } = {}) =>
    (await people().createMember(admin, { name, role: 'operator', ...more })) as MemberRecord;
  const division = async (name: string) => (await people().createDivision(admin, { name })) as DivisionRecord;
  const asMember = (memberId: string): Caller => ({ ...room.caller, memberId });
  const idsOf = (signals: readonly OutgoingSignal[] = []) => signals.map(({ ref }) => ref.conversationId);
  const first = () => room.ref.conversationId;

  /** Conversations of as many rooms, each put into a queue a second after the one before. */
  async function queue(divisions: (string | null)[]): Promise<string[]> {
    const ids: string[] = [];
    for (const [n, id] of divisions.entries()) {
      const said = await room.say('help', { room: `q${n}`, customer: { ids: [`q${n}`] } });
      await room.look(
        `update conversations set owner = 'operator', epoch = epoch + 1, queued_at = $2, division_id = $3 where id = $1`,
        [said.conversationId, later(n), id],
      );
      ids.push(said.conversationId);
    }
    return ids;
  }

  it('ACT-5 gives who comes online what waits longest, from the queues they serve, up to their capacity', async () => {
    const [mine, others] = [await division('Mine'), await division('Others')];
    const queued = await queue([others.id, mine.id, null, mine.id, null]);
    const olga = await operator('Olga', { capacity: 3, divisions: [mine.id] });
    const online = await people().setPresence(asMember(olga.id), { online: true });
    const { assigned, ...presence } = online ?? { assigned: [] };
    assert.deepEqual(presence, { online: true, capacity: 3, open: 3 });
    assert.deepEqual(idsOf(assigned), [queued[1], queued[2], queued[3]]);
    const { row, ...start } = assigned[0] ?? assert.fail();
    const { kind, epoch, assignee } = row;
    assert.deepEqual([kind, epoch, assignee], ['assign', 3, olga.id]);
    const ref = { organisationId: admin.organisationId, conversationId: queued[1] };
    const { id, agentId } = room.integration;
    assert.deepEqual(start, { ref, agentId, channelIntegrationId: id, channel: 'generic' });
    assert.equal((await people().division(admin, others.id))?.waiting, 1);
    const { data } = await openReaders(pool).conversations(
      admin,
      { status: 'assigned', assignee: olga.id },
      { limit: 10, cursor: null },
    );
    assert.deepEqual(data.map(({ id }) => id).sort(), [queued[1], queued[2], queued[3]].sort());
    const rows = await room.look<{ subject: string }>(
      `select subject from audit where action = 'conversation.assigned' order by number`,
    );
    assert.deepEqual(
      rows.map(({ subject }) => subject),
      idsOf(assigned),
    );
    const more = await people().setPresence(asMember(olga.id), { online: true, capacity: 4 });
    assert.deepEqual(idsOf(more?.assigned), [queued[4]]);
  });

  it('ACT-5 gives nothing to who goes away', async () => {
    await queue([null]);
    const olga = await operator('Olga');
    const away = await people().setPresence(asMember(olga.id), { online: false });
    assert.deepEqual(away, { online: false, capacity: 10, open: 0, assigned: [] });
  });

  it('ACT-5 gives every waiting conversation to one of those who come online together', async () => {
    const queued = await queue([null, null, null, null, null, null]);
    const members = await Promise.all(['A', 'B', 'C'].map((name) => operator(name, { capacity: 2 })));
    const given = await Promise.all(
      members.map(({ id }) => people().setPresence(asMember(id), { online: true })),
    );
    assert.deepEqual(given.flatMap((one) => idsOf(one?.assigned)).sort(), [...queued].sort());
    assert.deepEqual(
      given.map((one) => one?.assigned.length),
      [2, 2, 2],
    );
  });

  it('ACT-5 gives the next in the queue where another person takes over the first at that moment', async () => {
    const [taken, next] = await queue([null, null]);
    const olga = await operator('Olga');
    let coming: ReturnType<ReturnType<typeof people>['setPresence']> | undefined;
    await asOrganisation(pool, room.ref.organisationId, async (tenancy) => {
      const text = 'update conversations set queued_at = null where id = $1';
      await tenancy.rows({ name: 'taken-over', text }, [taken]);
      coming = people().setPresence(asMember(olga.id), { online: true });
      const waits = await until(async () => {
        const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%for no key update%'`;
        return (await pool.query(waiting)).rowCount === 1;
      }, 5_000);
      assert.ok(waits);
    });
    assert.deepEqual(idsOf((await coming)?.assigned), [next]);
  });

  it('ACT-5 leaves nothing with a member who is removed while coming online', async () => {
    for (let n = 0; n < 5; n++) {
      const [waiting = ''] = await queue([null]);
      const olga = await operator('Olga');
      await Promise.all([
        people().setPresence(asMember(olga.id), { online: true }),
        people().removeMember(admin, olga.id),
      ]);
      const after = await openReaders(pool).conversation(admin, waiting);
      assert.deepEqual([after?.status, after?.assignee], ['escalated', null]);
    }
  });

  it('CONV-8 shows a conversation in a queue as escalated, and lets a person take it over', async () => {
    const sales = await division('Sales');
    const [waiting = ''] = await queue([sales.id]);
    const read = () => openReaders(pool).conversation(admin, waiting);
    const before = await read();
    assert.deepEqual(
      [before?.status, before?.assignee, before?.queue],
      ['escalated', null, { divisionId: sales.id, since: later(0) }],
    );
    const page = { limit: 10, cursor: null };
    const escalated = await openReaders(pool).conversations(admin, { status: 'escalated' }, page);
    assert.deepEqual(
      escalated.data.map(({ id }) => id),
      [waiting],
    );
    const assigned = await openReaders(pool).conversations(admin, { status: 'assigned' }, page);
    assert.deepEqual(assigned.data, []);
    const olga = await operator('Olga');
    const taken = await room.inbox.command(asMember(olga.id), waiting, 'take_over', NOW);
    assert.equal(taken.kind, 'done');
    const after = await read();
    assert.deepEqual([after?.status, after?.assignee, after?.queue], ['assigned', olga.id, null]);
    const again = await room.inbox.command(room.caller, waiting, 'take_over', NOW);
    assert.equal(again.kind, 'lost');
  });

  it('ACT-5 knows who took a conversation over: the member, or the key of a program', async () => {
    const olga = await operator('Olga');
    const holder = async () => (await openReaders(pool).conversation(admin, first()))?.assignee;
    await room.inbox.command(asMember(olga.id), first(), 'take_over', NOW);
    assert.equal(await holder(), olga.id);
    await room.inbox.command(asMember(olga.id), first(), 'hand_back', NOW);
    assert.equal(await holder(), null);
    await room.inbox.command(room.caller, first(), 'take_over', NOW);
    assert.equal(await holder(), room.caller.keyId);
  });

  it('ACT-5 removes a member with keys and divisions, and the customers wait for another person', async () => {
    const sales = await division('Sales');
    const olga = await operator('Olga', { divisions: [sales.id] });
    const key = { name: 'Olga', role: 'operator' as const, memberId: olga.id };
    const made = await settings().createMemberKey(admin, key);
    assert.ok(typeof made === 'object');
    assert.equal(await people().updateMember(admin, olga.id, { role: 'viewer' }), 'has_keys');
    await room.inbox.command(asMember(olga.id), first(), 'take_over', NOW);
    const removal = await people().removeMember(admin, olga.id);
    assert.ok(removal !== null && removal !== 'last_admin');
    const [signal] = removal.requeued;
    assert.deepEqual([removal.requeued.length, signal?.ref.conversationId], [1, first()]);
    const { kind, seq, epoch, assignee } = signal?.row ?? assert.fail();
    assert.deepEqual([kind, seq, epoch, assignee], ['assign', 3, 3, null]);
    const opened = await room.transcript.open(room.ref);
    assert.deepEqual([opened?.epoch, opened?.queued, opened?.assignee], [3, true, null]);
    assert.deepEqual(opened?.waiting.at(-1), signal?.row);
    assert.equal(await people().member(admin, olga.id), null);
    assert.equal(await people().setPresence(asMember(olga.id), { online: true }), null);
    assert.equal(await settings().createMemberKey(admin, key), 'unknown_member');
    const { data } = await settings().keys(admin, { limit: 10, cursor: null });
    assert.deepEqual(
      data.map(({ memberId, revokedAt }) => [memberId, revokedAt]),
      [[olga.id, NOW]],
    );
    const waiting = await openReaders(pool).conversation(admin, first());
    assert.deepEqual([waiting?.status, waiting?.queue?.divisionId], ['escalated', null]);
    assert.deepEqual((await people().division(admin, sales.id))?.members, []);
  });

  it('ACT-5 lets the customers of a removed member wait where they were called from, if it is still there', async () => {
    const [sales, gone] = [await division('Sales'), await division('Gone')];
    const [kept = '', moved = ''] = await queue([sales.id, gone.id]);
    const olga = await operator('Olga', { divisions: [sales.id, gone.id] });
    await people().setPresence(asMember(olga.id), { online: true });
    const removed = await people().removeDivision(admin, gone.id);
    assert.deepEqual(removed?.moved, []);
    await people().removeMember(admin, olga.id);
    const queueOf = async (id: string) => (await openReaders(pool).conversation(admin, id))?.queue;
    assert.deepEqual(await queueOf(kept), { divisionId: sales.id, since: NOW });
    assert.deepEqual(await queueOf(moved), { divisionId: null, since: NOW });
  });

  it('ACT-5 moves what waits in a removed division into the organisation’s own queue', async () => {
    const sales = await division('Sales');
    const [waiting = ''] = await queue([sales.id]);
    const removal = await people().removeDivision(admin, sales.id);
    const [signal] = removal?.moved ?? [];
    assert.deepEqual([removal?.moved.length, signal?.ref.conversationId], [1, waiting]);
    assert.deepEqual([signal?.row.kind, signal?.row.epoch, signal?.row.assignee], ['assign', 3, null]);
    const queued = (await openReaders(pool).conversation(admin, waiting))?.queue;
    assert.deepEqual(queued, { divisionId: null, since: later(0) });
    assert.ok(typeof (await people().createDivision(admin, { name: 'Sales' })) === 'object');
    assert.equal(await people().createDivision(admin, { name: 'Sales' }), 'name_taken');
    assert.equal(await people().removeDivision(admin, sales.id), null);
  });

  it('TEN-1 takes no division and no member of another organisation, and leaves no trace of the try', async () => {
    const elsewhere = await openRoom(pool);
    const foreign = (await people().createMember(
      { ...elsewhere.caller, role: 'admin' },
      { name: 'Foreign', role: 'operator' },
    )) as MemberRecord;
    const tried = await people().createDivision(admin, { name: 'Mixed', members: [foreign.id] });
    assert.equal(tried, 'unknown_member');
    const divisions = [randomUUID()];
    assert.equal(
      await people().createMember(admin, { name: 'Olga', role: 'operator', divisions }),
      'unknown_division',
    );
    assert.deepEqual(await room.look('select id from divisions union all select id from members'), []);
    assert.equal(await people().member(admin, foreign.id), null);
    assert.equal(await people().removeMember(admin, foreign.id), null);
  });

  it('TEN-2 never loses the last admin key, though two admins revoke each other’s at once', async () => {
    const page = { limit: 10, cursor: null };
    const [one, other] = [
      await settings().createKey(admin, { name: 'One', role: 'admin' }),
      await settings().createKey(admin, { name: 'Other', role: 'admin' }),
    ];
    const outcomes = await Promise.all([
      settings().revokeKey({ ...admin, keyId: one.id }, other.id),
      settings().revokeKey({ ...admin, keyId: other.id }, one.id),
    ]);
    assert.equal(outcomes.filter((outcome) => outcome === 'last_admin').length, 1);
    const { data } = await settings().keys(admin, page);
    assert.equal(data.filter(({ revokedAt }) => revokedAt === null).length, 1);
  });

  it('TEN-2 knows a member’s key by its member', async () => {
    const integration = await makeIntegration(pool);
    const caller = { ...admin, organisationId: integration.organisationId };
    const member = (await people().createMember(caller, { name: 'Ann', role: 'viewer' })) as MemberRecord;
    const key = { name: 'Ann', role: 'viewer' as const, memberId: member.id };
    assert.equal(await settings().createMemberKey(caller, { ...key, role: 'operator' }), 'other_role');
    const made = await settings().createMemberKey(caller, key);
    assert.ok(typeof made === 'object' && made.memberId === member.id);
    const rows = await look(pool, caller.organisationId, 'select 1 from api_keys where member_id = $1', [
      member.id,
    ]);
    assert.equal(rows.length, 1);
  });
});
