import { randomUUID } from 'node:crypto';
import type {
  ApiPorts,
  ApprovalRecord,
  ApprovalResult,
  Caller,
  Decider,
  EditableCall,
} from '../../api/ports.ts';
import { decide } from '../../domain/approval.ts';
import type { ApprovalStatus } from '../../domain/approval.ts';
import { ofCaller } from './fake-world.ts';
import type { FakeWorld } from './fake-world.ts';

/** The calls that approvals are bound to, as the rules of an edit see them; by the approval's id. */
export const editableCalls = new Map<string, EditableCall>();

/** Approvals in memory. What happens when many decide at once is Postgres's business and tested there. */
export function fakeApprovals(world: FakeWorld): ApiPorts['approvals'] {
  const stored = (caller: Pick<Caller, 'organisationId'>, id: string) =>
    world.approvals.find((known) => known.id === id && known.organisationId === caller.organisationId);

  async function change(
    decider: Decider,
    id: string,
    to: Exclude<ApprovalStatus, 'pending'>,
    more: Partial<ApprovalRecord>,
  ): Promise<ApprovalResult> {
    const found = await world.reach(stored(decider, id));
    if (found === undefined) return { kind: 'unknown' };
    const decision = decide(found, to, world.now);
    if (decision.kind !== 'moves') {
      if (decision.kind === 'too_late') found.status = decision.status;
      return { kind: 'ended', approval: shown(found), signal: null };
    }
    const decidedBy = decider.keyId === null ? `member:${decider.memberId}` : `key:${decider.keyId}`;
    Object.assign(found, { status: to, resolvedAt: world.now, decidedBy, ...more });
    const conversation = world.conversations.find((known) => known.id === found.conversationId);
    const signal = conversation === undefined ? null : world.signalFor(conversation, 'approval_outcome');
    return { kind: 'done', approval: shown(found), signal };
  }

  return {
    list: (caller, { status }, page) =>
      world.page(
        ofCaller(world.approvals, caller).filter((known) => status === undefined || known.status === status),
        page,
      ),
    read: (caller, id) =>
      world.reach(ofCaller(world.approvals, caller).find((known) => known.id === id) ?? null),
    decide: async (caller, id, { decision, response, responseData, digest = null, edit = null }) => {
      const found = await world.reach(stored(caller, id));
      if (found?.status === 'pending' && digest !== null && digest !== found.digest)
        return { kind: 'changed', approval: shown(found) };
      if (found?.status === 'pending' && edit !== null) {
        const edited = found.call === null ? NO_CALL : edit(editable(id));
        if (edited.kind === 'problems') return { kind: 'invalid', problems: edited.problems };
        found.call = found.call && { ...found.call, arguments: edited.arguments, edited: true };
        found.digest = `${found.digest}, edited`;
      }
      return change(caller, id, decision === 'approve' ? 'approved' : 'denied', { response, responseData });
    },
    cancel: (caller, id) => change(caller, id, 'cancelled', {}),
    async setPriority(caller, id, priority) {
      const found = await world.reach(stored(caller, id));
      if (found === undefined) return { kind: 'unknown' };
      if (found.status !== 'pending') return { kind: 'ended', approval: shown(found), signal: null };
      found.priority = priority;
      return { kind: 'done', approval: shown(found), signal: null };
    },
  };
}

/** What is known of presses on Slack, in memory. */
export function fakePresses(world: FakeWorld): ApiPorts['presses'] {
  return {
    memberOf: ({ organisationId }, slackUserId) =>
      world.reach(
        ofCaller(world.members, { organisationId }).find((member) => member.slackUserId === slackUserId) ??
          null,
      ),
    standsAt: () => world.reach(undefined),
    end(organisationId, id) {
      const found = ofCaller(world.approvals, { organisationId }).find((known) => known.id === id);
      const { status, decidedBy, resolvedAt } = found ?? {};
      if (status === undefined || status === 'pending') return world.reach(null);
      const member = world.members.find((known) => `member:${known.id}` === decidedBy);
      return world.reach({ status, by: member?.name ?? decidedBy ?? null, at: resolvedAt ?? world.now });
    },
  };
}

function editable(id: string): EditableCall {
  const call = editableCalls.get(id);
  if (call === undefined) throw new Error('no call was given to this approval');
  return call;
}

const NO_CALL = { kind: 'problems' as const, problems: [{ field: '', message: 'is only for a call' }] };

function shown<T extends { organisationId: string }>({ organisationId: _, ...record }: T) {
  return record;
}

/** A pending request of a conversation. */
export function makeApproval(
  world: FakeWorld,
  organisationId: string,
  of: { agentId: string; conversationId: string },
): ApprovalRecord {
  const record = {
    organisationId,
    id: randomUUID(),
    ...of,
    contact: { id: randomUUID(), name: 'Ann' },
    requestType: 'refund_request',
    requestDetails: 'Twelve euros back for order 7',
    requestData: { order: 7 },
    status: 'pending' as const,
    priority: 'medium' as const,
    response: null,
    responseData: null,
    decidedBy: null,
    createdAt: world.now,
    expiresAt: new Date(world.now.getTime() + 86_400_000),
    resolvedAt: null,
    digest: null,
    call: null,
  };
  world.approvals.push(record);
  return record;
}
