import type pg from 'pg';
import type { Caller, ExternalActionSettings } from '../api/ports.ts';
import { asOrganisation } from '../adapters/postgres/as-organisation.ts';
import type { ExternalAction } from '../domain/external-action.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../domain/external-action.ts';

/** The name of the receiver of the example actions among the stand-in's sinks. */
export const ORDERS_SINK = 'orders';

/** What the shop's order system would answer. */
export const ORDERS_ANSWER = { order_id: 'LN-2041', status: 'accepted' };

const examples = (texts: Record<'en' | 'ar' | 'id', string[]>): ExternalAction['trainingExamples'] =>
  Object.entries(texts).flatMap(([language, list]) => list.map((text) => ({ text, language })));

/** The external actions of the example organisation; `receiver` is the address of its order system. */
export function exampleActions(receiver: string): ExternalAction[] {
  return [createOrder(receiver), cancelOrder(receiver), payBack(receiver)];
}

function createOrder(receiver: string): ExternalAction {
  return {
    ...DEFAULT_EXTERNAL_ACTION,
    actionName: 'create_order',
    displayName: 'Create order',
    description: 'Places an order for lamps of the shop.',
    icon: 'shopping-cart',
    trainingExamples: examples({
      en: ['I want to order a lamp', 'I would like to buy a lamp', 'Please place an order for me'],
      ar: ['أريد شراء مصباح', 'أريد أن أطلب مصباح'],
      id: ['Saya mau pesan lampu', 'Saya ingin membeli lampu'],
    }),
    webhookUrl: receiver,
    payloadTemplate: {
      event: 'new_order',
      conversation: '{{conversation_id}}',
      customer: { name: '{{customer_name}}', phone: '{{phone_number}}' },
      product: '{{product}}',
      quantity: '{{quantity}}',
      at: '{{timestamp}}',
    },
    variables: [
      {
        name: 'product',
        prompt: 'Name of the product',
        type: 'text',
        required: true,
        defaultValue: null,
        options: [],
      },
      {
        name: 'quantity',
        prompt: 'How many pieces',
        type: 'whole_number',
        required: true,
        defaultValue: null,
        options: [],
      },
    ],
    successMessage: 'Your order {{response.order_id}} is placed: {{quantity}} × {{product}}. Thank you!',
    failureMessage: 'Sorry, the order could not be placed. Please try again later.',
    inProgressMessage: 'I am placing your order and will write to you as soon as it is there.',
  };
}

function cancelOrder(receiver: string): ExternalAction {
  return {
    ...DEFAULT_EXTERNAL_ACTION,
    actionName: 'cancel_order',
    displayName: 'Cancel order',
    description: 'Cancels an order that was placed before.',
    icon: 'x-circle',
    trainingExamples: examples({
      en: ['I want to cancel my order', 'Please cancel order 1234'],
      ar: ['أريد إلغاء طلبي', 'إلغاء الطلب'],
      id: ['Batalkan pesanan saya', 'Saya ingin membatalkan pesanan'],
    }),
    webhookUrl: receiver,
    payloadTemplate: { event: 'cancel_order', order: '{{order_number}}', at: '{{timestamp}}' },
    variables: [
      {
        name: 'order_number',
        prompt: 'The order number',
        type: 'text',
        required: true,
        defaultValue: null,
        options: [],
      },
    ],
    successMessage: 'Order {{order_number}} is cancelled.',
    failureMessage: 'Sorry, order {{order_number}} could not be cancelled.',
    // Surer of itself than the other: "cancel my order" also speaks of an order.
    priority: 10,
    requiresConfirmation: true,
    confirmationMessage: 'Shall I cancel order {{order_number}}? Please answer yes or no.',
  };
}

function payBack(receiver: string): ExternalAction {
  return {
    ...DEFAULT_EXTERNAL_ACTION,
    actionName: 'refund',
    displayName: 'Refund',
    description: 'Pays a customer back, in dollars.',
    icon: 'undo',
    trainingExamples: examples({
      en: ['I want a refund of some dollars', 'Please refund dollars to me'],
      ar: ['أريد استرداد دولار', 'استرداد بعض الدولارات'],
      id: ['Saya minta refund dolar'],
    }),
    webhookUrl: receiver,
    payloadTemplate: { event: 'refund', amount: '{{amount}}', conversation: '{{conversation_id}}' },
    variables: [
      {
        name: 'amount',
        prompt: 'How many dollars',
        type: 'number',
        required: true,
        defaultValue: null,
        options: [],
      },
    ],
    successMessage: 'We have paid {{amount}} dollars back to you.',
    failureMessage: 'Sorry, the refund of {{amount}} dollars could not be made.',
    needsApproval: 'amount > 100',
    approvalMessage:
      'For a refund of {{amount}} dollars a colleague has to agree. I will write to you as soon as it is decided.',
    onNewMessage: 'keep',
  };
}

const STAND_IN_RECEIVER = new RegExp(`^http://127\\.0\\.0\\.1:\\d+/sink/${ORDERS_SINK}$`);

/**
 * Gives a channel the example actions it never had. What a person changed stays, save the stand-in's address, which
 * moves with the stage's ports.
 */
export async function ensureActions(
  pool: pg.Pool,
  actions: ExternalActionSettings,
  seeder: Caller,
  channel: string,
  receiver: string,
): Promise<void> {
  const had = await namesEverUsed(pool, seeder.organisationId, channel);
  for (const definition of exampleActions(receiver)) {
    if (had.has(definition.actionName)) continue;
    await actions.create(seeder, { channelIntegrationId: channel, isActive: true, definition, secrets: {} });
  }
  const { data } = await actions.list(seeder, { channel }, { limit: 100, cursor: null });
  for (const { id, version, definition } of data) {
    const isOurs = STAND_IN_RECEIVER.test(definition.webhookUrl);
    if (!isOurs || definition.webhookUrl === receiver) continue;
    const moved = { ...definition, webhookUrl: receiver };
    await actions.update(seeder, id, version, { definition: moved, secrets: {}, changed: ['webhook_url'] });
  }
}

/** Those that were deleted count: an example does not come back. */
async function namesEverUsed(
  pool: pg.Pool,
  organisationId: string,
  channel: string,
): Promise<ReadonlySet<string>> {
  const text = `
    select distinct v.definition ->> 'actionName' as name
    from external_actions a join external_action_versions v
      on v.organisation_id = a.organisation_id and v.external_action_id = a.id and v.version = 1
    where a.organisation_id = $1 and a.channel_integration_id = $2`;
  const rows = await asOrganisation(pool, organisationId, (tenancy) =>
    tenancy.rows<{ name: string }>({ name: 'seed-action-names', text }, [organisationId, channel]),
  );
  return new Set(rows.map(({ name }) => name));
}

/** Tells the stand-in what the shop's order system answers; it forgets that when it ends. */
export async function answerOrders(standIns: string): Promise<void> {
  const response = await fetch(`${standIns}/sink/${ORDERS_SINK}/control`, {
    method: 'POST',
    body: JSON.stringify({ answer: { status: 200, body: ORDERS_ANSWER } }),
  });
  if (!response.ok) throw new Error(`the stand-in refused its answer: ${response.status}`);
}
