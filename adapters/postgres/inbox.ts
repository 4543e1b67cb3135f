import type pg from 'pg';
import type { Inbox } from '../../api/ports.ts';
import { makeApplyStatuses } from './apply-statuses.ts';
import { makeAssign } from './assign-conversation.ts';
import { makeCommand } from './command-conversation.ts';
import { makeReceive } from './receive-message.ts';
import { makeReply } from './reply-as-operator.ts';
import { makeReplyFromApp, makeReplyOfMember } from './reply-from-app.ts';

/** The one way in: whatever enters a conversation is a row here before it is a signal. */
export function openInbox(pool: pg.Pool): Inbox {
  return {
    receive: makeReceive(pool),
    applyStatuses: makeApplyStatuses(pool),
    command: makeCommand(pool),
    assign: makeAssign(pool),
    reply: makeReply(pool),
    replyFromApp: makeReplyFromApp(pool),
    replyOfMember: makeReplyOfMember(pool),
  };
}
