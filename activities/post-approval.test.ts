import { strict as assert } from 'node:assert';
import { ParleyFailure } from '../contract/failures.ts';
import { makePostApproval } from './post-approval.ts';
import type { ApprovalPosts, BegunPost, HumanMessage, Humans, SendOutcome } from './ports.ts';
import { makeShowApprovalEnd } from './show-approval-end.ts';

const REF = { organisationId: 'o', actionId: 'a0a0a0a0-0000-4000-8000-00000000000a' };
const NOW = new Date('2026-11-21T10:00:00Z');
const REQUEST = {
  requestType: 'refund_request',
  requestDetails: 'Twelve euros',
  requestData: null,
  priority: 'medium' as const,
  customer: null,
  expiresAt: NOW,
};
const BEGUN: BegunPost = {
  kind: 'begun',
  target: 'C0OFFICE',
  request: REQUEST,
  conversationId: 'c',
  digest: 'd1',
};

describe('a request on Slack', () => {
  /** Slack answers so. */
  function slack(outcome: SendOutcome, begun: BegunPost = BEGUN) {
    const said: [string, HumanMessage][] = [];
    const noted: SendOutcome[] = [];
    const shown: string[] = [];
    const humans: Humans = {
      notify: (_organisation, target, message) => {
        said.push([target, message]);
        return Promise.resolve(outcome);
      },
      replace: (_organisation, place, message) => {
        said.push([place, message]);
        return Promise.resolve(outcome);
      },
    };
    const approvalPosts: ApprovalPosts = {
      begin: () => Promise.resolve(begun),
      note: (_ref, ended) => Promise.resolve(void noted.push(ended)),
      ended: () =>
        Promise.resolve({
          providerMessageId: 'C0OFFICE:1.1',
          request: REQUEST,
          end: { status: 'denied', by: 'Olga', at: NOW },
          conversationId: 'c',
        }),
      noteShown: (_ref, status) => Promise.resolve(void shown.push(status)),
    };
    const conversationUrl = (id: string) => `https://parley.example/${id}`;
    const ports = { approvalPosts, humans, conversationUrl, clock: { now: () => NOW } };
    return { said, noted, shown, post: makePostApproval(ports), showEnd: makeShowApprovalEnd(ports) };
  }

  const SENT = { kind: 'sent' as const, providerMessageId: 'C0OFFICE:1.1' };
  const AGAIN = { kind: 'try_again' as const, afterMs: 3_000, code: 'ratelimited', mayHaveArrived: false };
  const isAskedToWait = (error: unknown) => error instanceof ParleyFailure && error.code === 'CALL_TRY_AGAIN';

  it('APR-7 has a button for each decision, which carries the request and the digest and no argument', async () => {
    const { post, said, noted } = slack(SENT);
    assert.deepEqual(await post(REF), { stands: 'yes', code: null });
    const [[target, message] = ['', { text: '' }]] = said;
    assert.deepEqual([target, message.id], ['C0OFFICE', `parley-approval:${REF.actionId}`]);
    assert.deepEqual(
      message.buttons?.map(({ actionId, value }) => [actionId, value]),
      [
        ['approval.approve', `${REF.actionId}:d1`],
        ['approval.deny', `${REF.actionId}:d1`],
      ],
    );
    assert.deepEqual(noted, [SENT]);
  });

  it('APR-7 is tried again only where Slack said that nothing was posted', async () => {
    const busy = slack(AGAIN);
    await assert.rejects(busy.post(REF), isAskedToWait);
    assert.deepEqual(busy.noted, [AGAIN]);
    const unknown = { kind: 'unknown' as const, code: 'outcome_unknown' };
    assert.deepEqual(await slack(unknown).post(REF), { stands: 'perhaps', code: 'outcome_unknown' });
    const failed = { kind: 'failed' as const, code: 'channel_not_found' };
    assert.deepEqual(await slack(failed).post(REF), { stands: 'no', code: 'channel_not_found' });
  });

  it('APR-7 says nothing where it was posted, or cannot be', async () => {
    for (const [code, stands] of [
      ['posted', 'yes'],
      ['uncertain', 'perhaps'],
      ['failed', 'no'],
      ['ended', 'no'],
      ['no_target', 'no'],
    ] as const) {
      const { post, said } = slack(SENT, { kind: 'nothing', code });
      assert.deepEqual(await post(REF), { stands, code });
      assert.deepEqual(said, []);
    }
  });

  it('APR-7 shows its end without buttons, and tries that again', async () => {
    const { showEnd, said, shown } = slack(SENT);
    assert.deepEqual(await showEnd(REF), { shown: true, code: null });
    const [[place, message] = ['', { text: '' }]] = said;
    assert.deepEqual([place, message.buttons, shown], ['C0OFFICE:1.1', undefined, ['denied']]);
    assert.match(message.text, /^Denied by Olga at 2026-11-21 10:00 UTC\.\nrefund_request: Twelve euros\n/);
    await assert.rejects(slack(AGAIN).showEnd(REF), isAskedToWait);
    const gone = { kind: 'failed' as const, code: 'message_not_found' };
    assert.deepEqual(await slack(gone).showEnd(REF), { shown: false, code: 'message_not_found' });
  });
});
