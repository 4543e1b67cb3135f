import { gateOf } from '../domain/tool.ts';
import type { AgentTool } from '../domain/tool.ts';
import type { AgentSettings } from '../domain/agent.ts';
import type { ActivityPorts, ModelTool } from './ports.ts';
import { toolOf } from './tools/index.ts';
import type { Tool } from './tools/tool.ts';

export interface OfferedTool {
  tool: Tool;
  /** As the builder added it to the agent. */
  added: AgentTool;
  /** What the model sees; its name is how the model calls it. */
  offer: ModelTool;
}

/** The agent's tools that its organisation may use at this moment (ACT-7): nothing else exists for the model. */
export async function offeredTools(
  { gates, crm }: Pick<ActivityPorts, 'gates' | 'crm'>,
  organisationId: string,
  settings: Pick<AgentSettings, 'tools'>,
): Promise<OfferedTool[]> {
  if (settings.tools.length === 0) return [];
  const now = await gates.gates(organisationId);
  const open = settings.tools.filter(({ nodeType }) => gateOf(nodeType, now) === null);
  const needsCrm = open.some(({ nodeType }) => toolOf(nodeType).group === 'mekari_qontak_crm');
  const connected = needsCrm && (await crm.isConnected(organisationId));
  return open
    .map((added) => ({ tool: toolOf(added.nodeType), added }))
    .filter(({ tool }) => tool.group !== 'mekari_qontak_crm' || connected)
    .map(({ tool, added }) => ({ tool, added, offer: tool.offer(added) }));
}
