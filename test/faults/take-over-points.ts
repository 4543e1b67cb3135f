import { NUDGE } from './take-over-scenes.ts';
import type { SceneName } from './take-over-scenes.ts';

/** Where a turn, or what comes between turns, stands when a person takes over. */
export type Where =
  /** A point of the worker: an activity begins or ends, or one inside it. */
  | { at: string }
  /** A request that the other side has not answered. */
  | { holds: 'model' | 'crm' | 'slack' | 'replies' | 'orders'; match?: string; when?: 'before' | 'after' }
  /** The workflow itself waits, and shows for what. `fault`: of a receiver. */
  | { shows: RegExp; fault?: { of: 'replies' | 'orders'; status?: number; hold?: true } };

export interface Point {
  scene: SceneName;
  where: Where;
}

const WAIT = { status: 429 };
const around = (scene: SceneName, ...activities: string[]): Point[] =>
  activities.flatMap((activity) => [
    { scene, where: { at: `${activity}.begins` } },
    { scene, where: { at: `${activity}.ends` } },
  ]);
const at = (scene: SceneName, ...points: string[]): Point[] =>
  points.map((point) => ({ scene, where: { at: point } }));

/** In the order in which a conversation comes to them. */
export const POINTS: readonly Point[] = [
  { scene: 'buffering', where: { shows: /waiting for more messages/ } },
  ...around('plain', 'openConversation'),

  ...around('showing', 'fetchMedia'),

  ...around('understanding', 'understandMessages'),
  { scene: 'understanding', where: { holds: 'model' } },

  ...around('plain', 'composeReply'),
  { scene: 'plain', where: { holds: 'model' } },
  ...at('acting', 'call.planned', 'call.before'),
  { scene: 'acting', where: { holds: 'crm' } },
  { scene: 'acting', where: { holds: 'crm', when: 'after' } },
  ...at('acting', 'call.after', 'call.recorded'),
  { scene: 'acting', where: { holds: 'model', match: '"role":"tool"' } },
  { scene: 'stumbling', where: { shows: /is tried again in/ } },
  ...around('stumbling', 'callTool'),

  ...around('ordering', 'callExternalAction'),
  { scene: 'ordering', where: { holds: 'orders' } },
  { scene: 'ordering', where: { holds: 'orders', when: 'after' } },
  ...around('ordering', 'planOutcome'),
  { scene: 'slowOrder', where: { shows: /a call is under way/, fault: { of: 'orders', hold: true } } },

  ...around('asking', 'planConfirmation'),
  ...around('asking', 'sendReply'),
  { scene: 'waitingForYes', where: { shows: /waiting for the customer to agree/ } },
  ...around('agreeing', 'understandMessages'),
  ...at('agreeing', 'callExternalAction.begins'),

  ...at('plain', 'send.before_fence', 'send.before_call'),
  { scene: 'plain', where: { holds: 'replies' } },
  { scene: 'plain', where: { holds: 'replies', when: 'after' } },
  ...at('plain', 'send.after_call', 'send.after_record'),
  { scene: 'plain', where: { shows: /waiting 3 s as the channel asked/, fault: { of: 'replies', ...WAIT } } },

  ...around('escalating', 'composeReply'),
  ...at('escalating', 'send.before_fence', 'send.after_record'),
  ...around('escalating', 'escalate', 'tellHuman'),
  { scene: 'escalating', where: { holds: 'slack' } },
  { scene: 'escalating', where: { shows: /waiting for a person who was called/ } },
  ...around('escalated', 'holdEscalated'),
  ...at('escalated', 'sendReply.begins'),
  ...around('overlooked', 'watchPeople'),

  ...around('silent', 'fireIdle'),
  ...at('silent', 'send.before_call', 'send.after_record'),
  { scene: 'silent', where: { holds: 'replies', match: NUDGE } },
  { scene: 'silent', where: { holds: 'replies', match: NUDGE, when: 'after' } },
  ...at('putOff', 'sendReply.begins'),
  ...around('putOff', 'noteNudge'),
  ...around('nudged', 'noteIdleReset'),

  ...around('summarised', 'summariseConversation'),
  ...around('falling', 'planFallback'),
  ...around('deciding', 'planDecision'),
  ...at('deciding', 'sendReply.begins'),
  // Taken over before it, the call goes on waiting, and the next message withdraws it.
  ...at('withdrawing', 'withdrawApprovals.ends'),
];

/** Activities that are of no conversation, or only note what is so: a person who comes then changes nothing. */
export const WITHOUT_WORDS: readonly string[] = [
  'judgeTest',
  'concludeApproval',
  'remindOfApproval',
  'postApproval',
  'showApprovalEnd',
  'cancelCall',
  'giveUpCall',
  'giveUpDelivery',
  'settleRows',
  'confirmClose',
  'giveUpMedia',
  'concludeIdle',
  'idleBehindReply',
  // Of Slack alone: test/faults/take-over-channels.test.ts.
  'postPlaceholder',
  'clearPlaceholders',
];

export function nameOf({ scene, where }: Point): string {
  if ('at' in where) return `${scene}: ${where.at}`;
  if ('shows' in where) return `${scene}: ${where.shows.source}`;
  const { holds, match = '', when = 'before' } = where;
  return `${scene}: ${holds} ${when} ${match}`.trimEnd();
}
