/** Names of the typed search attributes (CONV-8); all are of type Keyword. They hold ids and enums only. */
export const SEARCH_ATTRIBUTES = {
  organisation: 'Organisation',
  agent: 'Agent',
  channel: 'Channel',
  status: 'ConversationStatus',
  assignee: 'Assignee',
} as const;
