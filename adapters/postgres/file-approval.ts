import type pg from 'pg';
import type { Approvals, RequestOutcome } from '../../activities/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { filedResult, readFiledResult } from '../../domain/approval-request.ts';
import { hasEnded } from '../../domain/call.ts';
import { FLAGS } from '../../domain/tool.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { lockConversationOf, overtaken, readCall } from './call-rows.ts';
import { endRow } from './end-call.ts';
import { fileApproval, madeInADay, settingsOf } from './pending-approvals.ts';

const IS_ON: Statement = {
  name: 'approval-is-on',
  text: `select from feature_flags where organisation_id = $1 and name = $2 and enabled`,
};

/** See `Approvals.request`. @throws ParleyFailure CALL_UNKNOWN where the call was erased. */
export function makeRequest(pool: pg.Pool): Approvals['request'] {
  return (ref, request, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy): Promise<RequestOutcome> => {
      const conversation = isUuid(ref.callId) ? await lockConversationOf(tenancy, ref.callId) : undefined;
      const call = await readCall(tenancy, ref);
      if (call === undefined) throw new ParleyFailure('CALL_UNKNOWN');
      if (conversation === undefined) return refused('no_contact');
      if (hasEnded(call.state)) {
        const approval = readFiledResult(call.result);
        return approval === null ? refused('call_ended') : { kind: 'made', approval };
      }
      if (call.state !== 'calling') throw new Error('a request is filed behind the fence of its call');
      if (overtaken(conversation, call.epoch) !== null) return refused('overtaken');
      const flag = await tenancy.rows(IS_ON, [tenancy.organisationId, FLAGS.actionsCenter]);
      if (flag.length === 0) return refused('flag_off');
      const settings = await settingsOf(tenancy, conversation);
      const most = settings.approvalsPerContactPerDay;
      if ((await madeInADay(tenancy, conversation.contact_id, now)) >= most)
        return { kind: 'refused', code: 'limit_reached', most };

      const approval = await fileApproval(tenancy, { call, conversation, request, settings }, now);
      const result = filedResult(approval);
      await endRow(tenancy, call.id, { state: 'succeeded', reason: null, result }, null, now);
      return { kind: 'made', approval };
    });
}

type PlainRefusal = Exclude<Extract<RequestOutcome, { kind: 'refused' }>, { code: 'limit_reached' }>;

function refused(code: PlainRefusal['code']): PlainRefusal {
  return { kind: 'refused', code };
}
