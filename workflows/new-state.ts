import type { ConversationState } from '../contract/conversation.ts';

/** Before anything is known: a run reads what Postgres knows first. */
export function newState(): ConversationState {
  return {
    epoch: 0,
    owner: 'agent',
    queued: false,
    assignee: null,
    escalatedEpoch: null,
    resolved: false,
    turn: 0,
    answeredSeq: 0,
    buffer: [],
    firstCustomerAt: null,
    lastCustomerAt: null,
    settings: {
      waitMs: 0,
      capMs: 0,
      regroup: true,
      understand: false,
      confirmMs: 0,
      patienceMs: 0,
      placeholder: false,
      idleMs: [],
    },
    toSettle: [],
    awaitedDeliveries: [],
    openCall: null,
    callsUnderWay: [],
    outcomesDue: [],
    silence: null,
    stepInDoubt: null,
    brokenAt: null,
    brokenWithPerson: null,
    openApprovals: [],
    decisions: [],
    toSend: [],
    watch: null,
  };
}
