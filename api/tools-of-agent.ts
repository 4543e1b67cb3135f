import { z } from 'zod';
import { toolOf } from '../activities/tools/index.ts';
import { NODE_TYPES } from '../domain/tool.ts';
import type { AgentTool } from '../domain/tool.ts';
import type { FieldError } from './problem.ts';

/** The tools of an agent on the wire (ACT-3). */
export const agentTools = z
  .array(
    z.strictObject({
      node_type: z.enum(NODE_TYPES),
      fields: z.record(z.string().max(100), z.unknown()),
      requires_confirmation: z.boolean().optional(),
    }),
  )
  .max(50);

export function toTools(tools: z.output<typeof agentTools>): AgentTool[] {
  return tools.map(({ node_type, fields, requires_confirmation = false }) => ({
    nodeType: node_type,
    fields,
    requiresConfirmation: requires_confirmation,
  }));
}

export function fromTools(tools: readonly AgentTool[]): z.input<typeof agentTools> {
  return tools.map(({ nodeType, fields, requiresConfirmation }) => ({
    node_type: nodeType,
    fields,
    requires_confirmation: requiresConfirmation,
  }));
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
    const twice = tools.slice(0, n).some((earlier) => sameName(earlier, tool));
    return twice ? [...wrong, repeated(tool, place)] : wrong;
  });
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
