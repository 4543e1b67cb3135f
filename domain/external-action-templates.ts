import type { ExternalAction } from './external-action.ts';

/** Something to start from (EXT-10). The address is the builder's to replace. */
export interface ExternalActionTemplate {
  id: 'zapier' | 'n8n' | 'make';
  title: string;
  /** Where the builder finds what has to be filled in. */
  instructions: string;
  action: Pick<
    ExternalAction,
    | 'actionName'
    | 'displayName'
    | 'description'
    | 'trainingExamples'
    | 'webhookUrl'
    | 'httpMethod'
    | 'headers'
    | 'authentication'
    | 'payloadTemplate'
    | 'variables'
    | 'successMessage'
    | 'failureMessage'
  >;
}

const variable = (name: string, prompt: string) => ({
  name,
  prompt,
  type: 'text' as const,
  required: true,
  defaultValue: null,
  options: [],
});

const said = (language: string, ...texts: string[]) => texts.map((text) => ({ text, language }));

export const EXTERNAL_ACTION_TEMPLATES: readonly ExternalActionTemplate[] = [
  {
    id: 'zapier',
    title: 'Zapier: take an order',
    instructions:
      'Make a Zap with the trigger "Webhooks by Zapier", event "Catch Hook", and put its address into webhook_url. Zapier answers before the Zap has run: the answer has no data of yours.',
    action: {
      actionName: 'create_order',
      displayName: 'Create an order',
      description: 'The customer wants to buy a product and says which.',
      trainingExamples: [
        ...said(
          'en',
          'I want to buy an iPhone 15',
          'Please order 3 Samsung phones',
          'Can you create an order for a laptop?',
        ),
        ...said('ar', 'أريد شراء آيفون', 'اطلب لي جوال سامسونج'),
        ...said('id', 'Saya mau pesan 2 laptop'),
      ],
      webhookUrl: 'https://hooks.zapier.com/hooks/catch/000000/replace/',
      httpMethod: 'POST',
      headers: {},
      authentication: { type: 'none' },
      payloadTemplate: {
        event: 'new_order',
        customer_phone: '{{phone_number}}',
        customer_name: '{{customer_name}}',
        product: '{{product_name}}',
        quantity: '{{quantity}}',
        timestamp: '{{timestamp}}',
      },
      variables: [
        variable('product_name', 'The product the customer wants'),
        {
          name: 'quantity',
          prompt: 'How many of it',
          type: 'whole_number',
          required: false,
          defaultValue: 1,
          options: [],
        },
      ],
      successMessage: 'Your order of {{product_name}} was placed.',
      failureMessage: 'Sorry, the order could not be placed. A colleague will contact you.',
    },
  },
  {
    id: 'n8n',
    title: 'n8n: book an appointment',
    instructions:
      'Add a Webhook node (method POST, header authentication), put its production address into webhook_url and its header and value into authentication. Let the node "Respond to Webhook" answer with {"reference": …}.',
    action: {
      actionName: 'book_appointment',
      displayName: 'Book an appointment',
      description: 'The customer wants to come by, or to be visited, on a certain day.',
      trainingExamples: [
        ...said(
          'en',
          'Can I book an appointment for Monday?',
          'I would like to come in for a service',
          'Schedule a visit on the 3rd',
        ),
        ...said('ar', 'أريد حجز موعد يوم الأحد'),
        ...said('id', 'Saya ingin buat janji hari Senin', 'Bisa jadwalkan kunjungan besok?'),
      ],
      webhookUrl: 'https://n8n.example.com/webhook/replace',
      httpMethod: 'POST',
      headers: {},
      authentication: { type: 'api_key', header: 'X-Api-Key' },
      payloadTemplate: {
        customer: { name: '{{customer_name}}', phone: '{{phone_number}}' },
        day: '{{day}}',
        reason: '{{reason}}',
        conversation: '{{conversation_id}}',
      },
      variables: [
        { ...variable('day', 'The day of the appointment'), type: 'date' },
        variable('reason', 'What the appointment is about'),
      ],
      successMessage: 'You are booked for {{day}}. Your reference is {{response.reference}}.',
      failureMessage: 'Sorry, the appointment could not be booked. Please try another day.',
    },
  },
  {
    id: 'make',
    title: 'Make: look up an order',
    instructions:
      'Begin a scenario with "Webhooks: Custom webhook", put its address into webhook_url, and end it with "Webhook response" whose body is {"status": …}.',
    action: {
      actionName: 'order_status',
      displayName: 'Look up an order',
      description: 'The customer asks where an order is, or how far it got.',
      trainingExamples: [
        ...said('en', 'Where is my order 1042?', 'Has my parcel been sent?', 'Status of order A-77 please'),
        ...said('ar', 'أين طلبي رقم 1042؟'),
        ...said('id', 'Pesanan saya sudah sampai mana?', 'Cek status pesanan 1042'),
      ],
      webhookUrl: 'https://hook.eu1.make.com/replace?order={{order_number}}',
      httpMethod: 'GET',
      headers: {},
      authentication: { type: 'none' },
      payloadTemplate: { phone: '{{phone_number}}' },
      variables: [variable('order_number', 'The number of the order')],
      successMessage: 'Order {{order_number}}: {{response.status}}.',
      failureMessage: 'Sorry, I cannot look the order up right now.',
    },
  },
];
