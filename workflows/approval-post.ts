import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { reliably } from './effects.ts';
import { POST_REQUEST, SHOW_END } from './policy.ts';

type Post = Pick<Activities, 'postApproval'>;
type Show = Pick<Activities, 'showApprovalEnd'>;
const { postApproval } = proxyActivities<Post>(POST_REQUEST);
const { showApprovalEnd } = proxyActivities<Show>(SHOW_END);

interface ActionRef {
  organisationId: string;
  actionId: string;
}

/**
 * A request on Slack (APR-7), beside the wait for its decision: neither waits for the other. What is returned puts its
 * end into the message, however it ended, once the post is through.
 */
export function postRequest(ref: ActionRef): { showEnd(): Promise<void> } {
  const posted = reliably('post a request', () => postApproval(ref));
  return {
    async showEnd() {
      const verdict = await posted;
      // Given up: nothing of it stands, as far as anybody knows.
      if (verdict === null || verdict.stands === 'no') return;
      await reliably('show the end of a request', () => showApprovalEnd(ref));
    },
  };
}
