import { z } from 'zod';
import { TOOLS } from '../activities/tools/index.ts';
import { gateOf, NODE_TYPES, TOOL_GROUPS } from '../domain/tool.ts';
import type { ToolGroup, Unavailable } from '../domain/tool.ts';
import { unknown } from './problem.ts';
import { operation } from './route.ts';
import { id } from './shapes.ts';

const UNAVAILABLE = [
  'node_type_disabled',
  'flag_off',
  'component_not_subscribed',
  'not_connected',
] as const satisfies readonly Unavailable[];

const GROUP_LABELS: Readonly<Record<ToolGroup, string>> = {
  mekari_qontak_crm: 'Mekari Qontak',
  mekari_qontak_chat: 'Mekari Qontak',
  api: 'API',
  actions_center: 'Actions Center',
};

const tool = z
  .strictObject({
    node_type: z.enum(NODE_TYPES),
    group: z.enum(TOOL_GROUPS),
    group_label: z.string(),
    label: z.string(),
    available: z.boolean(),
    reason: z.enum(UNAVAILABLE).nullable().meta({ description: 'Why it is not available' }),
    configured: z.boolean().nullable().meta({ description: 'Whether the agent that was named has it' }),
    fields_schema: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema of its fields' }),
  })
  .meta({ id: 'Tool' });

export const listTools = operation({
  summary: 'Every tool an agent may have, and why one is not available',
  query: z.strictObject({ agent: id.optional() }),
  status: 200,
  answer: z.strictObject({ data: z.array(tool) }),
  also: [404],
  async run({ caller, query }, { installation, connections, settings }) {
    const [gates, crmConnected, agent] = await Promise.all([
      installation.gates(caller),
      connections.isCrmConnected(caller),
      query.agent === undefined ? undefined : settings.agent(caller, query.agent),
    ]);
    if (agent === null) throw unknown('agent');
    const data = TOOLS.map(({ nodeType, group, label, fieldsSchema }): z.input<typeof tool> => {
      const disconnected = group === 'mekari_qontak_crm' && !crmConnected ? 'not_connected' : null;
      const reason = gateOf(nodeType, gates) ?? disconnected;
      return {
        node_type: nodeType,
        group,
        group_label: GROUP_LABELS[group],
        label,
        available: reason === null,
        reason,
        configured: agent?.settings.tools.some((known) => known.nodeType === nodeType) ?? null,
        fields_schema: fieldsSchema,
      };
    });
    return { data };
  },
});
