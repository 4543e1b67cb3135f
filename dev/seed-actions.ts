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
  return [createOrder(receiver), cancelOrder(receiver)];
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
