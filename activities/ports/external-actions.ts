import type { ConversationRef } from '../../contract/conversation.ts';
import type { ExternalAction } from '../../domain/external-action.ts';

/** A saved version with its row. */
export interface ExternalActionVersion extends ExternalAction {
  id: string;
  version: number;
  /** The switch, which works at once and is not part of the version. */
  isActive: boolean;
  channelIntegrationId: string;
}

export interface ExternalActions {
  /** The active ones of the conversation's channel integration, by priority, highest first. */
  active(ref: ConversationRef): Promise<ExternalActionVersion[]>;
  /** One version, whether or not it is the current one; deleted actions too. Null: unknown here. */
  version(organisationId: string, id: string, version: number): Promise<ExternalActionVersion | null>;
}
