import { NODE_TYPES } from '../../domain/tool.ts';
import type { NodeType } from '../../domain/tool.ts';
import { crmDealCreate } from './crm-deal-create.ts';
import { crmDealUpdate } from './crm-deal-update.ts';
import { crmTicketCreate } from './crm-ticket-create.ts';
import { crmTicketUpdate } from './crm-ticket-update.ts';
import { roomAssign } from './room-assign.ts';
import { roomResolve } from './room-resolve.ts';
import { roomTag } from './room-tag.ts';
import { apiRequest } from './api-request.ts';
import { submitActionRequest } from './submit-action-request.ts';
import type { Tool } from './tool.ts';

const BY_NODE_TYPE: Readonly<Record<NodeType, Tool>> = {
  qontak_crm_deal_create: crmDealCreate,
  qontak_crm_deal_update: crmDealUpdate,
  qontak_crm_ticket_create: crmTicketCreate,
  qontak_crm_ticket_update: crmTicketUpdate,
  qontak_chat_room_assign: roomAssign,
  qontak_chat_room_resolve: roomResolve,
  qontak_chat_room_tag: roomTag,
  api: apiRequest,
  submit_action_request: submitActionRequest,
};

/** All there are, as the picker shows them; nothing else is offered to a model (ACT-10). */
export const TOOLS: readonly Tool[] = NODE_TYPES.map(toolOf);

export function toolOf(nodeType: NodeType): Tool {
  return BY_NODE_TYPE[nodeType];
}
