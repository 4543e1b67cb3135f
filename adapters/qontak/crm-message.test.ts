import { strict as assert } from 'node:assert';
import type { Json } from '../../domain/external-action.ts';
import { crmMessage } from './crm-message.ts';
import { tokenIn } from './refresh-token.ts';

const said = (body: Json, secrets: string[] = []) => crmMessage(422, body, secrets);

describe('what the CRM says', () => {
  it('ACT-2 finds the message in the shapes that APIs have', () => {
    const bodies: Json[] = [
      { message: 'no' },
      { message: '', error: 'no' },
      { error: { message: 'no' } },
      { errors: ['no'] },
      { errors: [{ detail: 'no' }] },
      { meta: { status: 422, message: 'no' } },
      { error: true, error_description: 'no' },
      'no',
    ];
    for (const body of bodies) assert.equal(said(body), 'no', JSON.stringify(body));
    assert.equal(said({ errors: { name: ["can't be blank"] } }), "name: can't be blank");
  });

  it('ACT-2 says the status where there is no message', () => {
    for (const body of [null, [], {}, 7, { message: 7 }, { data: { message: 'elsewhere' } }] as Json[])
      assert.equal(said(body), 'The CRM refused the request with status 422.');
  });

  it('ACT-2 keeps a message to one short line without control characters and secrets', () => {
    assert.equal(said({ message: ' a\r\n\tb\u0000\u202ec \u001b[0m ' }), 'a b c [0m');
    assert.equal(
      said({ message: 'your key abc-1 and abc-1' }, ['abc-1', '']),
      'your key [hidden] and [hidden]',
    );
    const long = said({ message: '😀'.repeat(400) });
    assert.ok(long.length <= 300 && long.isWellFormed() && long.endsWith('…'));
  });

  it('ACT-2 reads a new token in the four shapes it may come in', () => {
    for (const answer of [
      { data: { token: 'new' } },
      { token: 'new' },
      { data: { company_token: 'new' } },
      { access_token: 'new' },
    ] as Json[])
      assert.equal(tokenIn(answer), 'new');
    for (const answer of [
      null,
      undefined,
      [],
      'new',
      { token: '' },
      { token: 7 },
      { token: 'a\nb' },
    ] as Json[])
      assert.equal(tokenIn(answer), undefined);
  });
});
