import { strict as assert } from 'node:assert';
import type { Committed } from './commit-order.ts';
import type { Records } from './records.ts';
import type { Reply } from './receiver.ts';

/** A message that was written in the moment in which a step fired. */
export interface Race {
  room: string;
  conversation: string;
  /** The message that the step counts from, and the one that came. */
  seq: number;
  next: number;
  /** 0 nudges, 1 resolves. */
  step: 0 | 1;
}

interface Won {
  races: number;
  advanced: number;
  reset: number;
}

export interface Judged {
  races: number;
  nudge: Won;
  resolve: Won;
  /** Nudges and closing messages that were planned, and that the message overtook before their fence. */
  overtaken: number;
  /** Nudges and closing messages whose try died with the worker and which nobody repeats. */
  uncertain: number;
  /**
   * Firings that nobody ended. A nudge may pass its fence in a task that the dead worker never completed; the run that
   * goes on finds the message, and has to ask what became of the step.
   */
  unheard: number;
  /** Nudges that left, and whose event is not there exactly once; or the event is there, and none left. */
  untold: number;
}

interface Firing {
  conversation_id: string;
  seen_seq: number;
  step: number;
  outcome: string;
}

interface Proactive {
  id: string;
  conversation_id: string;
  kind: 'nudge' | 'closing';
  answers_seq: number;
  state: string;
}

/**
 * Holds every race against the order of commits (IDLE-5): the step came first and counts, or the message came first
 * and nothing of the step happened; nothing after the message's commit, and nothing twice.
 */
export async function judgeRaces(
  { pool }: Records,
  committed: readonly Committed[],
  races: readonly Race[],
  replies: readonly Reply[],
): Promise<Judged> {
  const conversations = [...new Set(races.map((race) => race.conversation))];
  const { rows: firings } = await pool.query<Firing>(
    'select conversation_id, seen_seq, step, outcome from idle_firings where conversation_id = any ($1)',
    [conversations],
  );
  const { rows: sends } = await pool.query<Proactive>(
    `select id, conversation_id, kind, answers_seq, state from outbound
     where conversation_id = any ($1) and kind in ('nudge', 'closing')`,
    [conversations],
  );
  const { rows: told } = await pool.query<{ conversation_id: string; fired: number }>(
    `select conversation_id, count(*)::int as fired from events
     where name = 'ai_agent_idle_step_fired' and properties ->> 'action' = 'follow_up'
       and conversation_id = any ($1) group by conversation_id`,
    [conversations],
  );
  const { rows: resolved } = await pool.query<{ conversation_id: string }>(
    `select conversation_id from events
     where name = 'ai_agent_idle_sequence_resolved' and conversation_id = any ($1)`,
    [conversations],
  );
  nothingLate(committed);
  nothingTwice(committed, sends, replies);
  const resolves = committed.filter(({ what }) => what === 'resolve');
  const fired = firings.filter(({ step, outcome }) => step === 1 && outcome === 'fired');
  assert.deepEqual([resolves.length, resolved.length], [fired.length, fired.length], 'resolves');

  const judged = { nudge: { races: 0, advanced: 0, reset: 0 }, resolve: { races: 0, advanced: 0, reset: 0 } };
  for (const race of races) {
    const won = judged[race.step === 0 ? 'nudge' : 'resolve'];
    won.races += 1;
    won[winner(race, committed, firings)] += 1;
  }
  return {
    races: races.length,
    ...judged,
    overtaken: sends.filter(({ state }) => state === 'planned' || state === 'refused').length,
    uncertain: sends.filter(({ state }) => state === 'uncertain').length,
    unheard: firings.filter(({ outcome }) => outcome === 'planned').length,
    untold: conversations.filter((id) => left(id, committed) !== firedOf(id, told)).length,
  };
}

/** By the order of commits; what is stored of the step has to say the same. */
function winner(
  race: Race,
  committed: readonly Committed[],
  firings: readonly Firing[],
): 'advanced' | 'reset' {
  const told = JSON.stringify(race);
  const own = committed.filter(({ conversation }) => conversation === race.conversation);
  const came = own.find(({ what, seq }) => what === 'message' && seq === race.next);
  assert.ok(came !== undefined, told);
  const first = own.find(
    ({ what, seq, newest }) =>
      (race.step === 0 && what === 'nudge' && seq === race.seq) ||
      (race.step === 1 && what === 'resolve' && newest === race.seq),
  );
  const ofStep = firings.filter(
    ({ conversation_id, seen_seq, step }) =>
      conversation_id === race.conversation && seen_seq === race.seq && step >= race.step,
  );
  if (first === undefined) {
    const none = ofStep.every(({ step, outcome }) => step === 0 && outcome === 'refused');
    assert.ok(none, `the message won, and the step counts: ${told} ${JSON.stringify(ofStep)}`);
    return 'reset';
  }
  assert.ok(first.n < came.n, `the step came after the message: ${told}`);
  const stored = ofStep.find(({ step }) => step === race.step)?.outcome;
  assert.equal(stored, 'fired', `the step won, and is ${stored}: ${told}`);
  return 'advanced';
}

/** How many nudges passed their fence. */
function left(id: string, committed: readonly Committed[]): number {
  return committed.filter(
    ({ what, conversation, repeat }) => what === 'nudge' && conversation === id && !repeat,
  ).length;
}

function firedOf(id: string, told: readonly { conversation_id: string; fired: number }[]): number {
  return told.find(({ conversation_id }) => conversation_id === id)?.fired ?? 0;
}

/** Whatever passes its fence was decided by the newest message that was committed. */
function nothingLate(committed: readonly Committed[]): void {
  const late = committed.filter(
    ({ what, seq, newest }) => (what === 'nudge' || what === 'closing') && newest !== seq,
  );
  assert.deepEqual(late, [], 'fences passed after the commit of a message');
}

function nothingTwice(
  committed: readonly Committed[],
  sends: readonly Proactive[],
  replies: readonly Reply[],
): void {
  const steps = committed.flatMap(({ conversation, what, seq, newest, repeat }) =>
    what === 'resolve' || (what === 'nudge' && !repeat) ? [`${what} ${conversation} ${seq ?? newest}`] : [],
  );
  assert.equal(new Set(steps).size, steps.length, 'a step happened twice');
  const kinds = new Map(sends.map((send) => [send.id, send]));
  const arrived = replies.flatMap(({ webhookId }) => {
    const send = kinds.get(webhookId);
    if (send === undefined) return [];
    const mayArrive = ['sent', 'sending', 'uncertain'].includes(send.state);
    assert.ok(mayArrive, `a ${send.kind} arrived that is ${send.state}`);
    return [`${send.kind} ${send.conversation_id} ${send.answers_seq}`];
  });
  assert.equal(new Set(arrived).size, arrived.length, 'the customer heard a step twice');
  const sent = sends.filter(({ state }) => state === 'sent').length;
  assert.ok(arrived.length >= sent, 'what is sent did not arrive');
}
