import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { ConversationState } from '../contract/conversation.ts';
import type { EnteredRow, RowKind } from '../contract/rows.ts';
import type { Owner } from '../domain/conversation.ts';
import { newState } from './new-state.ts';
import { after } from './state.ts';

/** What somebody does to a conversation; whether it has sense then, Postgres decides. */
type Deed = Exclude<RowKind, 'delivery_settled' | 'approval_outcome'> | 'queue' | 'decide';
const DEEDS: Deed[] = [
  'message',
  'take_over',
  'hand_back',
  'assign',
  'queue',
  'reply',
  'resolve',
  'decide',
  'message',
];

interface Committed {
  owner: Owner;
  resolved: boolean;
  epoch: number;
  /** By seq: those that are nobody's but the agent's to answer. */
  unanswered: number[];
}

const settings = {
  waitMs: 8_000,
  capMs: 30_000,
  regroup: true,
  understand: false,
  confirmMs: 900_000,
  patienceMs: 15_000,
  placeholder: false,
  idleMs: [60_000],
  responseMs: 60_000,
};

/** The rows that Postgres makes of these deeds one after the other, and how they leave the conversation. */
function commit(deeds: readonly Deed[]): { rows: EnteredRow[]; end: Committed } {
  const rows: EnteredRow[] = [];
  let end: Committed = { owner: 'agent', resolved: false, epoch: 1, unanswered: [] };
  for (const deed of deeds) {
    const seq = rows.length + 1;
    const row = (kind: RowKind, more: Partial<EnteredRow> = {}) =>
      rows.push({ id: `row-${seq}`, kind, seq, epoch: end.epoch, at: seq * 10, ...more });
    const changed = (owner: Owner, resolved = false): Committed => ({
      owner,
      resolved,
      epoch: end.epoch + 1,
      unanswered: [],
    });
    switch (deed) {
      case 'message':
        if (end.resolved) end = changed('agent');
        if (end.owner === 'agent') end.unanswered.push(seq);
        row('message');
        break;
      case 'take_over':
      case 'assign':
      case 'queue':
        if (end.resolved || (deed === 'take_over' && end.owner === 'operator')) break;
        end = changed('operator');
        row(deed === 'take_over' ? deed : 'assign', { assignee: deed === 'queue' ? null : `person-${seq}` });
        break;
      case 'hand_back':
        if (end.resolved || end.owner === 'agent') break;
        end = changed('agent');
        row(deed);
        break;
      case 'resolve':
        if (end.resolved) break;
        end = changed('agent', true);
        row(deed);
        break;
      case 'reply':
        if (!end.resolved && end.owner === 'operator') row(deed);
        break;
      case 'decide':
        if (!end.resolved) row('approval_outcome', { action: { id: `action-${seq}`, status: 'approved' } });
        break;
    }
  }
  return { rows, end };
}

function opened(): ConversationState {
  const facts = {
    epoch: 1,
    owner: 'agent' as const,
    resolved: false,
    lastTurn: 0,
    answeredSeq: 0,
    waiting: [],
    sending: [],
    queued: false,
    escalatedEpoch: null,
    assignee: null,
    openCall: null,
    settings,
  };
  return after(newState(), { fact: 'opened', now: 0, opened: facts });
}

/** @param notes after which signals what needs no turn is noted in Postgres, and forgotten */
function hear(signals: readonly EnteredRow[], notes: readonly number[] = []): ConversationState {
  return signals.reduce((state, row, place) => {
    const heard = after(state, { fact: 'rowEntered', row, now: 1_000 + place });
    return notes.includes(place)
      ? after(heard, { fact: 'rowsSettled', ids: heard.toSettle.map(({ id }) => id) })
      : heard;
  }, opened());
}

function standing(state: ConversationState) {
  const { owner, epoch, resolved, queued, assignee, buffer, toSend, decisions } = state;
  const unanswered = buffer.map(({ seq }) => seq);
  const told = decisions.map(({ rowId }) => rowId).sort();
  return { owner, epoch, resolved, queued, assignee, unanswered, toSend, told };
}

const story = fc.array(fc.constantFrom(...DEEDS), { minLength: 1, maxLength: 14 });

describe('signals that arrive swapped', () => {
  it('ESC-5 in the order of their commits leave the conversation as Postgres has it', () => {
    fc.assert(
      fc.property(story, (deeds) => {
        const { rows, end } = commit(deeds);
        const { owner, resolved, epoch, unanswered } = standing(hear(rows));
        assert.deepEqual({ owner, resolved, epoch, unanswered }, end);
      }),
      { numRuns: 2_000 },
    );
  });

  it('ESC-5 in any order, and any number of times, end as they do in the order of their commits', () => {
    let compared = 0;
    const signals = story.chain((deeds) => {
      const { rows } = commit(deeds);
      const places = rows.map((_, place) => place);
      return fc.record({
        rows: fc.constant(rows),
        order: fc
          .tuple(
            fc.shuffledSubarray(places, { minLength: places.length }),
            fc.array(fc.record({ which: fc.nat({ max: 13 }), at: fc.nat({ max: 13 }) }), { maxLength: 6 }),
          )
          .map(([once, again]) =>
            again
              .filter(({ which }) => which < rows.length)
              .reduce((all, { which, at }) => all.toSpliced(at % (all.length + 1), 0, which), once),
          ),
        notes: fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
      });
    });
    const seed = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    fc.assert(
      fc.property(signals, ({ rows, order, notes }) => {
        compared += 1;
        const swapped = order.flatMap((place) => rows[place] ?? []);
        assert.deepEqual(standing(hear(swapped, notes)), standing(hear(rows)));
      }),
      { numRuns: 5_000, seed },
    );
    console.log(`      ${compared} orders compared, seed ${seed}`);
  });

  it('ESC-5 know who has the conversation whichever of them came while Postgres was being read', () => {
    fc.assert(
      fc.property(story, fc.nat({ max: 14 }), fc.nat({ max: 14 }), (deeds, read, heard) => {
        const { rows } = commit(deeds);
        const early = rows
          .slice(0, heard)
          .reduce((state, row) => after(state, { fact: 'rowEntered', row, now: 500 }), newState());
        // Read at some moment, behind none of what had been signalled.
        const through = rows.slice(0, Math.max(read, heard));
        const { end } = commit(deeds.slice(0, deedsOf(deeds, through.length)));
        const holder = standing(hear(through));
        const facts = {
          epoch: end.epoch,
          owner: end.owner,
          resolved: end.resolved,
          lastTurn: 0,
          answeredSeq: 0,
          waiting: through,
          sending: [],
          queued: holder.queued,
          escalatedEpoch: null,
          assignee: holder.assignee,
          openCall: null,
          settings,
        };
        const state = rows
          .slice(heard)
          .reduce(
            (next, row) => after(next, { fact: 'rowEntered', row, now: 2_000 }),
            after(early, { fact: 'opened', now: 1_000, opened: facts }),
          );
        assert.deepEqual(standing(state), standing(hear(rows)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('APR-3 waits for no decision that came before the conversation heard of its request', () => {
    const row: EnteredRow = {
      id: 'row-1',
      kind: 'approval_outcome',
      seq: 1,
      epoch: 1,
      at: 0,
      action: { id: 'action', status: 'approved' },
    };
    const state = after(hear([row]), {
      fact: 'approvalAsked',
      approval: { actionId: 'action', expiresAt: 9_000 },
    });
    assert.deepEqual([state.openApprovals, state.decisions.length], [[], 1]);
  });
});

/** So many of the deeds make no more rows than this. */
function deedsOf(deeds: readonly Deed[], rows: number): number {
  const next = deeds.findIndex((_, place) => commit(deeds.slice(0, place + 1)).rows.length > rows);
  return next === -1 ? deeds.length : next;
}
