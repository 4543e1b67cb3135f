import { completeAgentSettings } from '../../domain/agent.ts';
import type { AgentSettings } from '../../domain/agent.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { Owner } from '../../domain/conversation.ts';
import type { Statement } from './as-organisation.ts';
import { HAS_EXTERNAL_ACTIONS } from './external-action-reader.ts';
import { idleStepsOf, IDLE_SOURCE } from './idle-settings.ts';
import type { IdleSourceRow } from './idle-settings.ts';

/** Locks the conversation, so that what the next statement sees is all there is up to `last_message_seq`. */
export const BEGIN_TURN: Statement = {
  name: 'take-begin',
  text: `
    update conversations c set turn = greatest(c.turn, $3)
    from agents a, contacts k
    where c.organisation_id = $1 and c.id = $2
      and a.organisation_id = $1 and a.id = c.agent_id
      and k.organisation_id = $1 and k.id = c.contact_id
    returning c.epoch, c.owner, c.status, c.turn, c.last_message_seq, c.channel, c.contact_id,
      a.settings, k.name as contact_name, k.phone as contact_phone, k.summary, k.summary_through,
      c.last_message_at, c.offered_at, c.offered_turn, (${HAS_EXTERNAL_ACTIONS})::int as external_actions,
      ${IDLE_SOURCE}`,
};

export interface TurnRow extends IdleSourceRow {
  epoch: number;
  owner: Owner;
  status: 'open' | 'resolved';
  turn: number;
  last_message_seq: number;
  channel: ChannelKind;
  contact_id: string;
  settings: Partial<AgentSettings>;
  contact_name: string | null;
  contact_phone: string | null;
  external_actions: number;
  last_message_at: Date | null;
  summary: string | null;
  summary_through: Date | null;
  offered_at: Date | null;
  offered_turn: number | null;
}

/** What the conversation itself says of a turn. */
export function knownOfTurn(conversation: TurnRow, turn: number) {
  const settings = completeAgentSettings(conversation.settings);
  return {
    kind: 'taken' as const,
    epoch: conversation.epoch,
    summary: conversation.summary,
    settings,
    idleSteps: idleStepsOf(settings, conversation),
    answeredBy: conversation.idle_source.answeredBy,
    lastCustomerAt: conversation.last_message_at,
    externalActions: conversation.external_actions,
    channel: conversation.channel,
    contact: { name: conversation.contact_name, phone: conversation.contact_phone },
    turn,
    wentOn: wentOn(conversation),
  };
}

function wentOn({ offered_at: at, offered_turn: turn }: TurnRow): { at: Date; turn: number } | null {
  return at === null || turn === null ? null : { at, turn };
}
