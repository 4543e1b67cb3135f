import { conversationWorkflowId } from '../../contract/ids.ts';
import { MODEL_PRIORITIES } from '../../domain/approval.ts';
import type { ApprovalRequest } from '../../domain/approval-request.ts';
import {
  LARGEST_REQUEST_DATA,
  LONGEST_REQUEST_DETAILS,
  LONGEST_REQUEST_TYPE,
  filedResult,
  readApprovalRequest,
} from '../../domain/approval-request.ts';
import type { Json } from '../../domain/external-action.ts';
import type { RequestOutcome } from '../ports/approvals.ts';
import { fieldProblems, fieldsSchemaOf } from './fields.ts';
import type { Attempt, Executed, Tool, ToolPorts } from './tool.ts';

const NODE_TYPE = 'submit_action_request';

const PARAMETERS = {
  type: 'object',
  properties: {
    request_type: {
      type: 'string',
      description: `A short classification, such as refund_request; at most ${LONGEST_REQUEST_TYPE} characters`,
    },
    request_details: {
      type: 'string',
      description: `What is asked for and why, for a person who decides; at most ${LONGEST_REQUEST_DETAILS} characters`,
    },
    priority: {
      anyOf: [{ type: 'string', enum: [...MODEL_PRIORITIES] }, { type: 'null' }],
      description: 'How urgent it is; null for medium',
    },
    request_data: {
      anyOf: [{ type: 'string' }, { type: 'null' }],
      description: `Structured details as a JSON text of at most ${LARGEST_REQUEST_DATA / 1024} KB; null for none`,
    },
  },
  required: ['request_type', 'request_details', 'priority', 'request_data'],
  additionalProperties: false,
};

/**
 * Asks an operator for a decision (APR-1). The model words the request; whose it is, and everything else, the system
 * fills in. Filing it and the call's end are one transaction, so the call's row is the key that makes a repeat harmless.
 */
export const submitActionRequest: Tool = {
  nodeType: NODE_TYPE,
  group: 'actions_center',
  label: 'Submit action request',
  effect: 'write',
  reliability: 'keyed',
  creates: false,
  fieldsSchema: fieldsSchemaOf([]),
  problemsOf: (builders) => fieldProblems([], builders),
  offer: () => ({
    name: NODE_TYPE,
    description:
      'Asks a human operator to approve or decide something you may not do yourself. Returns at once; the decision ' +
      'comes later. Never promise its outcome.',
    parameters: PARAMETERS,
  }),
  resolve(_tool, proposed) {
    const read = readApprovalRequest(withoutNulls(proposed));
    if (read.kind === 'problems') {
      const message = read.problems
        .map(({ field, message }) => `${field || 'arguments'} ${message}`)
        .join('; ');
      return { kind: 'refused', code: 'invalid_request', message: `${message}. Nothing was submitted.` };
    }
    const request = read.request as unknown as Json;
    return { kind: 'ready', arguments: request, effect: 'write', reliability: 'keyed' };
  },
  async execute(ports, attempt) {
    const { call } = attempt;
    const ref = { organisationId: call.organisationId, callId: call.id };
    try {
      const request = call.arguments as unknown as ApprovalRequest;
      return executed(await ports.approvals.request(ref, request, ports.clock.now()));
    } catch (error) {
      // Should it have been filed all the same, the call has ended with it and keeps that outcome.
      return storeFailed(ports, attempt, error);
    }
  },
};

/** Strict endpoints make models write what they leave out. */
function withoutNulls(proposed: unknown): unknown {
  if (typeof proposed !== 'object' || proposed === null || Array.isArray(proposed)) return proposed;
  return Object.fromEntries(Object.entries(proposed).filter(([, value]) => value !== null));
}

function executed(outcome: RequestOutcome): Executed {
  if (outcome.kind === 'refused') return failed(outcome.code, sentenceOf(outcome));
  return {
    kind: 'ended',
    outcome: { state: 'succeeded', reason: null, result: filedResult(outcome.approval) },
    attempt: null,
    leaves: null,
  };
}

function sentenceOf(refusal: Extract<RequestOutcome, { kind: 'refused' }>): string {
  switch (refusal.code) {
    case 'limit_reached':
      return `limit_reached: at most ${refusal.most} requests per customer in 24 hours. Nothing was submitted.`;
    case 'flag_off':
      return 'flag_off: requests to operators are not available. Nothing was submitted.';
    case 'no_contact':
      return 'no_contact: no customer stands behind this. Nothing was submitted.';
    case 'overtaken':
      return 'overtaken: a person has the conversation. Nothing was submitted.';
    case 'call_ended':
      return 'call_ended: this was settled before. Nothing was submitted.';
  }
}

function failed(code: string, error: string): Executed {
  const result = { success: false, error };
  return { kind: 'ended', outcome: { state: 'failed', reason: code, result }, attempt: null, leaves: null };
}

function storeFailed({ failures }: ToolPorts, { call }: Attempt, error: unknown): Executed {
  failures.record({
    reference: call.id,
    code: 'db_error',
    activity: NODE_TYPE,
    workflow: call.conversationId === null ? null : conversationWorkflowId(call.conversationId),
    attempt: call.attempts,
    error,
  });
  return failed('db_error', 'db_error');
}
