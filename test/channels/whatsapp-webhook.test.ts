import { strict as assert } from 'node:assert';
import type { ReceivingIntegration } from '../../api/ports.ts';
import { receivers } from '../../adapters/channels/index.ts';
import { signedWebhook, statusValue } from '../../dev/stand-ins/whatsapp-webhooks.ts';

const OUTBOUND_ID = '5f1d7a84-3d9e-4d53-9f3e-0c9f0f6a1b2c';
const target = {
  url: 'http://127.0.0.1/webhooks/whatsapp/x',
  appSecret: 'an app secret',
  phoneNumberId: '106540352242922',
  displayPhoneNumber: '15550783881',
  wabaId: '102290129340398',
};
const integration: ReceivingIntegration = {
  id: 'a0a0a0a0-0000-4000-8000-000000000001',
  organisationId: 'a0a0a0a0-0000-4000-8000-000000000002',
  agentId: 'a0a0a0a0-0000-4000-8000-000000000003',
  kind: 'whatsapp',
  active: true,
  settings: { phone_number_id: target.phoneNumberId },
  secrets: { app_secret: target.appSecret },
};

/** Through the door as a webhook goes: signature over the raw bytes, then the parser. */
function receive(value: object) {
  const { body, headers } = signedWebhook(target, value);
  const request = { headers, body: Buffer.from(body) };
  assert.equal(receivers.whatsapp?.authentic(request, integration, new Date()), true);
  return receivers.whatsapp?.parse(request, integration);
}

describe('webhooks of the WhatsApp stand-in', () => {
  it('CHAN-2 are authentic and read, in any script', () => {
    const text = 'Halo/مرحبا 🙏';
    const message = {
      from: '6281234567890',
      id: 'wamid.1',
      timestamp: '1771234567',
      type: 'text',
      text: { body: text },
    };
    const contact = { profile: { name: 'Dewi' }, wa_id: '6281234567890' };
    const batch = receive({ contacts: [contact], messages: [message] });
    assert.deepEqual(batch?.messages[0]?.content, { kind: 'text', text });
  });

  it('CHAN-4 carry our id back in every status, for either kind of recipient', () => {
    for (const to of [{ wa_id: '6281234567890' }, { user_id: 'ID.13491208655302741918' }]) {
      for (const step of ['sent', 'delivered', 'read', 'failed:131047']) {
        const [status] = receive(statusValue('wamid.2', step, to, OUTBOUND_ID))?.statuses ?? [];
        assert.deepEqual(
          [status?.providerMessageId, status?.outboundId, status?.state, status?.code],
          ['wamid.2', OUTBOUND_ID, step.split(':')[0], step.split(':')[1] ?? null],
        );
      }
    }
  });
});
