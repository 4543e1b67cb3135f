import { ACTIONS_CENTER, ESCALATION, IDLE_SEQUENCES } from './people.ts';

/** One thing a source document asks for, in our own words. */
export interface Criterion {
  /** As test titles name it in brackets, after their spec id. */
  id: string;
  asks: string;
  /** Why no test of ours shows it. */
  leftOut?: string;
}

export interface SourceDocument {
  title: string;
  criteria: readonly Criterion[];
}

const REVERSIBLE = 'A record in the CRM is the CRM’s: no tool of ours deletes one.';
const NO_SCREEN = 'A state of the screen: belongs to the console, which is not built yet.';

/** The document on the built-in actions, story by story. */
const BUILT_IN_ACTIONS: SourceDocument = {
  title: 'Built-in actions (deals, tickets, rooms)',
  criteria: [
    {
      id: 'QACT-S01 AC-1',
      asks: 'With the CRM connected and its actions enabled, creating a deal stands in the picker under Mekari Qontak.',
    },
    {
      id: 'QACT-S01 AC-2',
      asks: 'The agent’s call becomes a POST to /api/v3.1/deals with the body and the company token as bearer.',
    },
    { id: 'QACT-S01 AC-3', asks: '{{customer_name}} in the name is filled from the conversation’s contact.' },
    {
      id: 'QACT-S01 AC-4',
      asks: 'With contact association on, leads are looked up by phone and sent as crm_lead_ids.',
    },
    {
      id: 'QACT-S01 ERR-1',
      asks: 'A 401 refreshes the company token and repeats the call; one that persists reaches the agent.',
    },
    { id: 'QACT-S01 CAN', asks: 'Only who may edit agents may add the action; for others it is not listed.' },
    { id: 'QACT-S01 REV', asks: 'The agent cannot undo a created deal.', leftOut: REVERSIBLE },
    { id: 'QACT-S01 UI', asks: 'Saving, error and success are shown.', leftOut: NO_SCREEN },
    {
      id: 'QACT-S01 BOUNDARY',
      asks: 'A missing pipeline or stage is refused on save; a very long name is handled.',
    },
    {
      id: 'QACT-S01 TWICE',
      asks: 'Two rapid turns that want the same deal make one, or ask before the second.',
    },
    { id: 'QACT-S02 AC-1', asks: 'Creating a ticket stands in the picker under Mekari Qontak.' },
    {
      id: 'QACT-S02 AC-2',
      asks: 'The agent’s call becomes a POST to /api/v3.1/tickets with the company token as bearer.',
    },
    { id: 'QACT-S02 AC-3', asks: '{{customer_name}} in the name is filled from the conversation’s contact.' },
    {
      id: 'QACT-S02 ERR-1',
      asks: 'A 401 refreshes the company token and repeats the call; one that persists reaches the agent.',
    },
    { id: 'QACT-S03 AC-1', asks: 'Updating a ticket stands in the picker under Mekari Qontak.' },
    {
      id: 'QACT-S03 AC-2',
      asks: 'The agent’s call becomes a PUT to /api/v3.1/tickets/{id} with the company token as bearer.',
    },
    {
      id: 'QACT-S03 ERR-1',
      asks: 'With an id that cannot be resolved nothing is sent and the agent hears of it.',
    },
    { id: 'QACT-S03 ERR-2', asks: 'A 401 refreshes the company token and repeats the call.' },
    {
      id: 'QACT-S04 AC-1',
      asks: 'The agent’s call becomes a PUT to /api/v3.1/deals/{id} with the changed fields.',
    },
    {
      id: 'QACT-S04 ERR-1',
      asks: 'With an id that cannot be resolved nothing is sent and the agent hears of it.',
    },
    {
      id: 'QACT-S04 GAP-1',
      asks: 'Updating a deal is not in the picker.',
      leftOut: 'The specification closes this gap on purpose: all seven are offered (see GAP below).',
    },
    { id: 'QACT-S05 AC-1', asks: 'Assign, auto: round robin over the operators who are online.' },
    { id: 'QACT-S05 AC-2', asks: 'Assign, division: the same inside the division.' },
    {
      id: 'QACT-S05 AC-3',
      asks: 'Assign, agent: that operator gets it, with the closing message where there is one.',
    },
    {
      id: 'QACT-S05 ERR-1',
      asks: 'A room or channel integration that is not found: an error, nothing is done.',
    },
    { id: 'QACT-S05 ERR-2', asks: 'A blank division or operator id: “Division/Agent ID required”.' },
    {
      id: 'QACT-S06 AC-1',
      asks: 'Resolve: the room is closed, with the closing message where there is one.',
    },
    {
      id: 'QACT-S06 ERR-1',
      asks: 'A room or channel integration that is not found: an error, nothing is done.',
    },
    { id: 'QACT-S07 AC-1', asks: 'Tag: an array of tags is set, normalised.' },
    {
      id: 'QACT-S07 AC-2',
      asks: 'Tag: objects, comma-separated text and what the model gives are normalised too.',
    },
    { id: 'QACT-S07 ERR-1', asks: 'No tags: an error, nothing is done.' },
    {
      id: 'QACT GAP',
      asks: 'All seven are offered in the picker, each with the reason where it is not available.',
    },
    {
      id: 'QACT NEG',
      asks: 'Nothing else is offered: no actions of other products, no sending of attachments.',
    },
    {
      id: 'QACT GATE',
      asks: 'Flags, billing components and node registries decide, in the picker and again at run time.',
    },
    {
      id: 'QACT EVENTS',
      asks: 'Configured, invoked, executed, failed and token refreshed are stored as events.',
    },
    { id: 'QACT CUSTOMER', asks: 'Customers can configure and trigger nothing by themselves.' },
  ],
};

/** The document on external actions. */
const EXTERNAL_ACTIONS: SourceDocument = {
  title: 'External actions (a builder’s webhooks)',
  criteria: [
    {
      id: 'EA Test 1',
      asks: 'A message that fits an external action finds it before the core intents are looked at.',
    },
    { id: 'EA Test 2', asks: 'Where none fits, the core intent decides.' },
    { id: 'EA Test 3', asks: 'Variables are read from the customer’s words.' },
    {
      id: 'EA Test 4',
      asks: 'The whole way: buffer, match, webhook, and the customer hears the success message.',
    },
    { id: 'EA Core intents', asks: 'The five core intents stay as they are.' },
    { id: 'EA Buffer', asks: 'Messages for an external action wait in the buffer like all others.' },
    { id: 'EA Languages', asks: 'No keywords: examples in Arabic, English and Indonesian are enough.' },
    {
      id: 'EA CRUD',
      asks: 'Create, read, change, delete, switch and duplicate, every field with its default.',
    },
    { id: 'EA Unique', asks: 'A name is unique per organisation and channel integration.' },
    { id: 'EA Limit', asks: 'Up to 100 active ones per channel integration.' },
    { id: 'EA Examples', asks: 'Fewer than five training examples are worth a warning.' },
    {
      id: 'EA Templates',
      asks: 'The payload is built from a JSON template with variables and built-in ones.',
    },
    {
      id: 'EA Messages',
      asks: 'Success and failure messages may name the webhook’s response: {{response.order_id}}, {{order_id}}.',
    },
    { id: 'EA Priority', asks: 'Of several that fit, the higher priority wins.' },
    { id: 'EA Threshold', asks: 'Below the confidence threshold there is no match.' },
    {
      id: 'EA Confirmation',
      asks: 'Where confirmation is required, the customer is asked first and must agree.',
    },
    { id: 'EA Retry', asks: 'A failing webhook is tried again as configured.' },
    { id: 'EA Timeout', asks: 'An attempt lasts five seconds at most.' },
    {
      id: 'EA Log',
      asks: 'Every execution is logged with payload, response, status, error, time and retries.',
    },
    {
      id: 'EA Statistics',
      asks: 'Executions, successes, failures, last execution and average time per action.',
    },
    {
      id: 'EA Test bench',
      asks: 'A message can be tried: match, confidence, variables, payload, and a live call with its response.',
    },
    { id: 'EA Rate limit', asks: 'Executions are rate-limited.' },
    { id: 'EA URL', asks: 'Webhook addresses are validated.' },
    { id: 'EA Secrets', asks: 'Authentication values are encrypted and never returned.' },
    { id: 'EA Tenancy', asks: 'Row-level security on all tables.' },
    { id: 'EA Audit', asks: 'Changes are audited.' },
    { id: 'EA Starters', asks: 'There are templates for Zapier, n8n and Make.' },
    { id: 'EA Screens', asks: 'Cards, the five-step builder and the tester on a page.', leftOut: NO_SCREEN },
    {
      id: 'EA Rollout',
      asks: 'Beta, soft launch and marketing.',
      leftOut: 'A plan of launch, nothing a test could show.',
    },
  ],
};

export const SOURCE_DOCUMENTS: readonly SourceDocument[] = [
  BUILT_IN_ACTIONS,
  EXTERNAL_ACTIONS,
  IDLE_SEQUENCES,
  ESCALATION,
  ACTIONS_CENTER,
];
