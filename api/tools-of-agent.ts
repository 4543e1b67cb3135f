import { z } from 'zod';
import { toolOf } from '../activities/tools/index.ts';
import { NODE_TYPES } from '../domain/tool.ts';
import type { AgentTool, NodeType } from '../domain/tool.ts';
import { approvalRule, onNewMessage, ruleProblems } from './approval-rule.ts';
import type { FieldError } from './problem.ts';

/** The tools of an agent on the wire (ACT-3). */
export const agentTools = z
  .array(
    z.strictObject({
      node_type: z.enum(NODE_TYPES),
      fields: z.record(z.string().max(100), z.unknown()),
      requires_confirmation: z.boolean().optional(),
      needs_approval: approvalRule.optional(),
      on_new_message: onNewMessage.optional(),
    }),
  )
  .max(50);

export function toTools(tools: z.output<typeof agentTools>): AgentTool[] {
  return tools.map(
    ({
      node_type,
      fields,
      requires_confirmation = false,
      needs_approval = null,
      on_new_message = 'keep',
    }) => ({
      nodeType: node_type,
      fields,
      requiresConfirmation: requires_confirmation,
      ...(needs_approval === null ? {} : { needsApproval: needs_approval }),
      ...(on_new_message === 'keep' ? {} : { onNewMessage: on_new_message }),
    }),
  );
}

export function fromTools(tools: readonly AgentTool[]): z.input<typeof agentTools> {
  return tools.map(
    ({ nodeType, fields, requiresConfirmation, needsApproval = null, onNewMessage: policy = 'keep' }) => ({
      node_type: nodeType,
      fields,
      requires_confirmation: requiresConfirmation,
      needs_approval: needsApproval,
      on_new_message: policy,
    }),
  );
}

/** All that is wrong with the tools of an agent: in their fields, as their registry has it, and between them. */
export function toolProblems(tools: readonly AgentTool[]): FieldError[] {
  return tools.flatMap((tool, n) => {
    const place = `tools.${n}`;
    const wrong = toolOf(tool.nodeType)
      .problemsOf(tool.fields)
      .map(({ field, message }) => ({
        field: field === '' ? `${place}.fields` : `${place}.fields.${field}`,
        message,
      }));
    wrong.push(...ruleErrors(tool, `${place}.needs_approval`));
    const twice = tools.slice(0, n).some((earlier) => sameName(earlier, tool));
    return twice ? [...wrong, repeated(tool, place)] : wrong;
  });
}

/**
 * The names in a rule are the tool's own; of the `api` tool its parameters. What asks an operator needs no agreement of
 * one (APR-5).
 */
function ruleErrors({ nodeType, fields, needsApproval = null }: AgentTool, field: string): FieldError[] {
  if (needsApproval === null) return [];
  if (nodeType === 'submit_action_request')
    return [{ field, message: 'is not for a tool that itself asks an operator' }];
  return ruleProblems(field, needsApproval, argumentNames(nodeType, fields));
}

function argumentNames(nodeType: NodeType, fields: AgentTool['fields']): string[] | undefined {
  if (nodeType !== 'api') return Object.keys(propertiesOf(toolOf(nodeType).fieldsSchema));
  const { parameters } = fields;
  if (parameters === undefined) return [];
  // What is wrong with the fields themselves is said of them.
  if (!Array.isArray(parameters)) return undefined;
  return parameters.map((parameter) => String((parameter as { name?: unknown } | null)?.name));
}

function propertiesOf(schema: Record<string, unknown>): object {
  const { properties } = schema;
  return typeof properties === 'object' && properties !== null ? properties : {};
}

/** The model tells tools apart by node type, and the calls to programs of one's own by the name they were given. */
function sameName(one: AgentTool, other: AgentTool): boolean {
  if (one.nodeType !== other.nodeType) return false;
  return one.nodeType !== 'api' || one.fields['name'] === other.fields['name'];
}

function repeated({ nodeType }: AgentTool, place: string): FieldError {
  return nodeType === 'api'
    ? { field: `${place}.fields.name`, message: 'is the name of another tool of this agent' }
    : { field: `${place}.node_type`, message: 'is among the tools of this agent already' };
}
