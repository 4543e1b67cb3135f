import { Context } from '@temporalio/activity';
import type { ActivityPorts } from './ports.ts';
import { makeCallExternalAction } from './call-external-action.ts';
import { makeCallTool } from './call-tool.ts';
import { makeCancelCall } from './cancel-call.ts';
import { makeGiveUpCall } from './give-up-call.ts';
import { makeJudgeTest } from './judge-test.ts';
import { makePlanConfirmation } from './plan-confirmation.ts';
import { makePlanOutcome } from './plan-outcome.ts';
import { makeComposeReply } from './compose-reply.ts';
import { makeConcludeApproval } from './conclude-approval.ts';
import { makeConfirmClose } from './confirm-close.ts';
import { guarded } from './failure.ts';
import { makeEscalate } from './escalate.ts';
import { makeHoldEscalated } from './hold-escalated.ts';
import { makeTellHuman } from './tell-human.ts';
import { makeConcludeIdle } from './conclude-idle.ts';
import { makeIdleBehindReply } from './idle-behind-reply.ts';
import { makeFetchMedia, makeGiveUpMedia } from './fetch-media.ts';
import { makeFireIdle } from './fire-idle.ts';
import { makeGiveUpDelivery } from './give-up-delivery.ts';
import { makeNoteIdleReset, makeNoteNudge } from './note-idle.ts';
import { makeOpenConversation } from './open-conversation.ts';
import { makePlanDecision } from './plan-decision.ts';
import { makePlanFallback } from './plan-fallback.ts';
import { makeClearPlaceholders } from './clear-placeholders.ts';
import { makePostApproval } from './post-approval.ts';
import { makePostPlaceholder } from './post-placeholder.ts';
import { makeRemindOfApproval } from './remind-of-approval.ts';
import { makeSendReply } from './send-reply.ts';
import { makeSettleRows } from './settle-rows.ts';
import { makeShowApprovalEnd } from './show-approval-end.ts';
import { makeSummariseConversation } from './summarise-conversation.ts';
import { makeWithdrawApprovals } from './withdraw-approvals.ts';
import { makeUnderstandMessages } from './understand-messages.ts';
import { makeWatchPeople } from './watch-people.ts';

export type { CallVerdict } from './call-fence.ts';
export type { ComposeVerdict } from './compose-reply.ts';
export type { EscalatedVerdict } from './escalate.ts';
export type { ApprovedCall, DecisionVerdict } from './plan-decision.ts';
export type { IdleOutcome } from './note-idle.ts';
export type { PostVerdict } from './post-approval.ts';
export type { SendVerdict } from './send-reply.ts';
export type { WhyTold } from './tell-human.ts';
export type { Understood } from './understood.ts';

/** The verbs that workflows may call, over the world they are given. Each is safe to repeat. */
export function createActivities(ports: ActivityPorts) {
  const safely = guarded(ports.failures, () => {
    const { activityType, workflowExecution, attempt } = Context.current().info;
    return { activity: activityType, workflow: workflowExecution?.workflowId ?? null, attempt };
  });
  return {
    openConversation: safely(makeOpenConversation(ports)),
    understandMessages: safely(makeUnderstandMessages(ports)),
    composeReply: safely(makeComposeReply(ports)),
    callExternalAction: safely(makeCallExternalAction(ports)),
    callTool: safely(makeCallTool(ports)),
    cancelCall: safely(makeCancelCall(ports)),
    giveUpCall: safely(makeGiveUpCall(ports)),
    planConfirmation: safely(makePlanConfirmation(ports)),
    planOutcome: safely(makePlanOutcome(ports)),
    judgeTest: safely(makeJudgeTest(ports)),
    holdEscalated: safely(makeHoldEscalated(ports)),
    escalate: safely(makeEscalate(ports)),
    tellHuman: safely(makeTellHuman(ports)),
    watchPeople: safely(makeWatchPeople(ports)),
    concludeApproval: safely(makeConcludeApproval(ports)),
    postApproval: safely(makePostApproval(ports)),
    showApprovalEnd: safely(makeShowApprovalEnd(ports)),
    remindOfApproval: safely(makeRemindOfApproval(ports)),
    fetchMedia: safely(makeFetchMedia(ports)),
    giveUpMedia: safely(makeGiveUpMedia(ports)),
    fireIdle: safely(makeFireIdle(ports)),
    concludeIdle: safely(makeConcludeIdle(ports)),
    idleBehindReply: safely(makeIdleBehindReply(ports)),
    noteNudge: safely(makeNoteNudge(ports)),
    noteIdleReset: safely(makeNoteIdleReset(ports)),
    planDecision: safely(makePlanDecision(ports)),
    withdrawApprovals: safely(makeWithdrawApprovals(ports)),
    planFallback: safely(makePlanFallback(ports)),
    postPlaceholder: safely(makePostPlaceholder(ports)),
    clearPlaceholders: safely(makeClearPlaceholders(ports)),
    sendReply: safely(makeSendReply(ports)),
    giveUpDelivery: safely(makeGiveUpDelivery(ports)),
    settleRows: safely(makeSettleRows(ports)),
    summariseConversation: safely(makeSummariseConversation(ports)),
    confirmClose: safely(makeConfirmClose(ports)),
  };
}

export type Activities = ReturnType<typeof createActivities>;
