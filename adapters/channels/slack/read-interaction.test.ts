import { strict as assert } from 'node:assert';
import { readInteraction } from './read-interaction.ts';

const form = (payload: unknown) => new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
const PRESS = {
  type: 'block_actions',
  team: { id: 'T0SHOP' },
  user: { id: 'U0ADI' },
  channel: { id: 'D0ADI' },
  container: { type: 'message', message_ts: '1771236000.000100', channel_id: 'D0ADI' },
  message: { ts: '1771236000.000100' },
  response_url: 'https://hooks.slack.com/actions/T0SHOP/1/x',
  actions: [{ type: 'button', action_id: 'approval.approve', value: 'a-1:2' }],
};

describe('interactions of Slack', () => {
  const action = {
    teamId: 'T0SHOP',
    userId: 'U0ADI',
    actionId: 'approval.approve',
    value: 'a-1:2',
    messageTs: '1771236000.000100',
    channel: 'D0ADI',
  };

  it('APR-7 reads a pressed button', () => {
    const replyTo = PRESS.response_url;
    assert.deepEqual(readInteraction(form(PRESS)), { kind: 'block_action', action, replyTo });
  });

  it('APR-7 finds the message of a press in its container where the message itself is not there', () => {
    const { message: _, channel: _channel, response_url: _url, ...ephemeral } = PRESS;
    assert.deepEqual(readInteraction(form(ephemeral)), { kind: 'block_action', action, replyTo: null });
  });

  it('APR-7 acknowledges what it does not know, and nothing that is no interaction', () => {
    for (const other of [{ type: 'view_submission' }, { ...PRESS, actions: [] }, { ...PRESS, user: {} }])
      assert.deepEqual(readInteraction(form(other)), { kind: 'other' });
    for (const none of [
      '',
      'payload=',
      'payload=nonsense',
      'payload=[]',
      'payload={}',
      JSON.stringify(PRESS),
    ])
      assert.equal(readInteraction(none), null, none);
  });
});
