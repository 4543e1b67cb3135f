import type { OutgoingSignal } from '../../api/ports.ts';
import type { EnteredRow, RowKind } from '../../contract/rows.ts';
import type { ApprovalStatus } from '../../domain/approval.ts';
import type { ChannelKind } from '../../domain/channel.ts';

/** Columns of an inbox row that a signal is made of. */
export interface InboxRow {
  id: string;
  kind: RowKind;
  seq: number;
  epoch: number;
  received_at: Date;
  about: string | null;
  operator_id: string | null;
  /** Both only where the statement may bring an approval_outcome. */
  action_id?: string | null;
  action_status?: Exclude<ApprovalStatus, 'pending'> | null;
}

export function enteredRow(row: InboxRow): EnteredRow {
  return {
    id: row.id,
    kind: row.kind,
    seq: row.seq,
    epoch: row.epoch,
    at: row.received_at.getTime(),
    ...(row.about === null ? {} : { about: row.about }),
    ...actionOf(row),
    ...(row.kind === 'take_over' || row.kind === 'assign' ? { assignee: row.operator_id } : {}),
  };
}

function actionOf({ action_id: id, action_status: status }: InboxRow): Pick<EnteredRow, 'action'> {
  return !id || !status ? {} : { action: { id, status } };
}

/** The same with what a start of the workflow would need. */
export interface SignalRow extends InboxRow {
  conversation_id: string;
  agent_id: string;
  channel_integration_id: string;
  channel: ChannelKind;
}

export function outgoingSignal(organisationId: string, row: SignalRow): OutgoingSignal {
  return {
    ref: { organisationId, conversationId: row.conversation_id },
    row: enteredRow(row),
    agentId: row.agent_id,
    channelIntegrationId: row.channel_integration_id,
    channel: row.channel,
  };
}
