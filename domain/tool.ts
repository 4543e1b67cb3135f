import type { ApprovalRule, OnNewMessage } from './approval.ts';

/** The built-in actions (ACT-1), the generic `api` action (ACT-9), and what asks an operator (APR-1). */
export const NODE_TYPES = [
  'qontak_crm_deal_create',
  'qontak_crm_deal_update',
  'qontak_crm_ticket_create',
  'qontak_crm_ticket_update',
  'qontak_chat_room_assign',
  'qontak_chat_room_resolve',
  'qontak_chat_room_tag',
  'api',
  'submit_action_request',
] as const;
export type NodeType = (typeof NODE_TYPES)[number];

export const TOOL_GROUPS = ['mekari_qontak_crm', 'mekari_qontak_chat', 'api', 'actions_center'] as const;
export type ToolGroup = (typeof TOOL_GROUPS)[number];

/** A tool as a builder added it to an agent (ACT-3). */
export interface AgentTool {
  nodeType: NodeType;
  /** Values or placeholders the builder fixed; what is absent is the model's to fill where the tool allows it. */
  fields: Record<string, unknown>;
  /** The customer is asked before it runs (EXT-4). */
  requiresConfirmation: boolean;
  /** Which calls wait for an operator (APR-5); absent: none. */
  needsApproval?: ApprovalRule;
  /** What becomes of one that waits when the customer writes; absent: it goes on waiting. */
  onNewMessage?: OnNewMessage;
}

/** How the model calls a tool that an agent has. */
export function calledAs({ nodeType, fields }: Pick<AgentTool, 'nodeType' | 'fields'>): string {
  return nodeType === 'api' ? `api_${String(fields['name'])}` : nodeType;
}

/** What decides whether a tool may be used in an organisation (ACT-7). */
export interface Gates {
  /** The organisation's flags that are on. */
  organisationFlags: ReadonlySet<string>;
  /** The installation's flags that are on. */
  systemFlags: ReadonlySet<string>;
  /** Codes of the billing components the organisation subscribed. */
  components: ReadonlySet<string>;
  /** Node types whose registry entry is enabled. */
  enabledNodeTypes: ReadonlySet<string>;
}

export const FLAGS = {
  /** Organisation. */
  actions: 'ai_agent_action',
  /** Installation. */
  rollout: 'rollout_ai_agent_action',
  /** Organisation. */
  api: 'ai_agent_action_api',
  /** Organisation; an agent may differ (IDLE-2). */
  sequentialIdle: 'ai_agent_sequential_idle',
  /** Organisation (APR-1). */
  actionsCenter: 'actions_center',
} as const;

/** The flags that an organisation's admin switches. */
export const ORGANISATION_FLAGS = [
  FLAGS.actions,
  FLAGS.api,
  FLAGS.sequentialIdle,
  FLAGS.actionsCenter,
] as const;
export type OrganisationFlag = (typeof ORGANISATION_FLAGS)[number];

/** The flags of node types that `ai_agent_action` does not open. */
const OWN_FLAGS: Partial<Record<NodeType, OrganisationFlag>> = {
  api: FLAGS.api,
  submit_action_request: FLAGS.actionsCenter,
};

export const COMPONENTS = {
  deal: 'CP-QONTAKCRM-2025-0005',
  ticket: 'CP-QONTAKCRM-2025-0002',
  base: ['CP-QONTAKCHAT-2025-0028', 'CP-QONTAKCHAT-2026-0012', 'CP-QONTAKCHAT-2026-0009'],
} as const;

/** Why a tool is not available, first that applies. */
export type Unavailable =
  | 'node_type_disabled'
  | 'flag_off'
  | 'component_not_subscribed'
  /** The CRM has neither a company token nor, in a single-organisation installation, a key. */
  | 'not_connected';

/** Every component that may be subscribed (ACT-7). */
export const COMPONENT_CODES: readonly string[] = [COMPONENTS.deal, COMPONENTS.ticket, ...COMPONENTS.base];

/** The components of which one must be subscribed when only the rollout flag is on. */
export function componentsOf(nodeType: NodeType): readonly string[] {
  if (nodeType.startsWith('qontak_crm_deal')) return [COMPONENTS.deal];
  if (nodeType.startsWith('qontak_crm_ticket')) return [COMPONENTS.ticket];
  return COMPONENTS.base;
}

/**
 * Why a tool may not be used, or null (ACT-7): its registry entry is enabled, and `ai_agent_action` is on, or the
 * rollout is on and the tool's component subscribed. The `api` action and the requests to operators (APR-1) have a flag
 * of their own each.
 */
export function gateOf(nodeType: NodeType, gates: Gates): Exclude<Unavailable, 'not_connected'> | null {
  if (!gates.enabledNodeTypes.has(nodeType)) return 'node_type_disabled';
  const own = OWN_FLAGS[nodeType];
  if (own !== undefined) return gates.organisationFlags.has(own) ? null : 'flag_off';
  if (gates.organisationFlags.has(FLAGS.actions)) return null;
  if (!gates.systemFlags.has(FLAGS.rollout)) return 'flag_off';
  return componentsOf(nodeType).some((code) => gates.components.has(code))
    ? null
    : 'component_not_subscribed';
}
