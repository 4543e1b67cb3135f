import type { EndInWords } from '../../domain/approval-message.ts';
import type { MemberRole } from '../../domain/role.ts';
import type { ReceivingIntegration } from './caller.ts';

/** What is known of a press on Slack, and what has to be known to answer it (APR-7). */
export interface ApprovalPresses {
  /** Whom of the organisation a user of this workspace is; null: nobody, or it is not the one of its people. */
  memberOf(
    integration: ReceivingIntegration,
    slackUserId: string,
  ): Promise<{ id: string; name: string; role: MemberRole } | null>;
  /** Where the message stands, also where nobody knew what had become of the post. */
  standsAt(organisationId: string, approvalId: string, providerMessageId: string, now: Date): Promise<void>;
  /** How a request ended, by names; null: it has not, or there is none. */
  end(organisationId: string, approvalId: string): Promise<EndInWords | null>;
}
