import type pg from 'pg';
import type { Escalations } from '../../activities/ports.ts';
import { turnCause } from '../../contract/ids.ts';
import { assigneeOf } from '../../domain/escalation.ts';
import { describeContent } from '../../domain/message.ts';
import type { MessageContent } from '../../domain/message.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { writeAudit } from './audit.ts';
import { tellConversationsChanged } from './conversation-changed.ts';
import { readFiles, withFile } from './media-of-messages.ts';
import { storable } from './storable.ts';

/** Whether the turn's message is the notice that a person is called; `$5` is its cause, of the conversation `$2`. */
const TOLD = `exists (
    select from outbound t
    where t.organisation_id = $1 and t.conversation_id = $2 and t.cause = $5 and t.part = 0 and t.kind = 'notice')`;

const ESCALATE: Statement = {
  name: 'escalate',
  text: `
    update conversations
    set escalated_epoch = epoch, escalated_at = $3, escalation_reason = $4, escalation_noticed_at = $3
    where organisation_id = $1 and id = $2 and owner = 'agent' and status = 'open'
      and escalated_epoch is distinct from epoch
      and epoch = (
        select o.epoch from outbound o
        where o.organisation_id = $1 and o.conversation_id = $2 and o.cause = $5 and o.part = 0)
    returning agent_id, epoch, ${TOLD} as told`,
};

const STANDING: Statement = {
  name: 'escalated-at',
  text: `
    select escalated_at, epoch, ${TOLD.replace('$5', '$3')} as told from conversations
    where organisation_id = $1 and id = $2 and owner = 'agent' and status = 'open' and escalated_epoch = epoch`,
};

const TAKEN_OVER_SINCE: Statement = {
  name: 'escalation-taken-over',
  text: `
    select o.epoch from outbound o
    join conversations c on c.organisation_id = $1 and c.id = $2
    where o.organisation_id = $1 and o.conversation_id = $2 and o.cause = $3 and o.part = 0
      and c.status = 'open' and c.owner = 'operator' and c.epoch > o.epoch`,
};

const STORE_EVENT: Statement = {
  name: 'escalation-event',
  text: `
    insert into events (organisation_id, conversation_id, name, properties, at) values ($1, $2, $3, $4, $5)`,
};

const NOTICE_DUE: Statement = {
  name: 'escalation-notice-due',
  text: `
    update conversations set escalation_noticed_at = $3
    where organisation_id = $1 and id = $2 and (escalation_noticed_at is null or escalation_noticed_at <= $4)
    returning id`,
};

const ANYONE_ONLINE: Statement = {
  name: 'escalation-anyone-online',
  text: `
    select exists (
      select from members
      where organisation_id = $1 and online and deleted_at is null and role in ('operator', 'admin')) as online`,
};

const BRIEFING: Statement = {
  name: 'escalation-briefing',
  text: `
    select coalesce(c.escalation_reason, '') as reason, c.channel, k.name as customer_name,
      a.settings ->> 'escalationAssignee' as assignee,
      (select m.slack_user_id from members m
       where m.organisation_id = $1 and m.id::text = a.settings ->> 'escalationAssignee' and m.deleted_at is null
      ) as called,
      (select m.slack_user_id from members m
       where m.organisation_id = $1 and m.id = c.operator_id and m.deleted_at is null) as holder
    from conversations c
    join contacts k on k.organisation_id = $1 and k.id = c.contact_id
    join agents a on a.organisation_id = $1 and a.id = c.agent_id
    where c.organisation_id = $1 and c.id = $2`,
};

const RECENT: Statement = {
  name: 'escalation-recent',
  text: `
    select * from (
      (select id, 'customer' as sender, body, null as text, at, seq * 2 as place from inbox
       where organisation_id = $1 and conversation_id = $2 and kind = 'message'
       order by at desc, seq desc limit $3)
      union all
      (select id, case kind when 'operator' then 'operator' else 'agent' end, null, text, planned_at,
         answers_seq * 2 + 1
       from outbound
       where organisation_id = $1 and conversation_id = $2 and state in ('sent', 'delivered', 'read')
       order by planned_at desc, answers_seq desc limit $3)
    ) line
    order by at desc, place desc limit $3`,
};

const MOST_LINES = 10;

interface Line {
  id: string;
  sender: 'customer' | 'agent' | 'operator';
  body: MessageContent | null;
  text: string | null;
}

interface Marked {
  epoch: number;
  told: boolean;
}

/** See `Escalations`. */
export function openEscalations(pool: pg.Pool): Escalations {
  return {
    escalate: (ref, { turn, rule, reason, assignee }, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const key = [ref.organisationId, ref.conversationId];
        const cause = turnCause(turn);
        const values = [...key, now, storable(reason), cause];
        const [marked] = await tenancy.rows<Marked & { agent_id: string }>(ESCALATE, values);
        if (marked === undefined) {
          const [standing] = await tenancy.rows<Marked & { escalated_at: Date }>(STANDING, [...key, cause]);
          if (standing === undefined) return null;
          const { escalated_at: escalatedAt, epoch, told } = standing;
          return { escalatedAt, epoch, told };
        }
        const entry = {
          actor: `agent:${marked.agent_id}`,
          action: 'conversation.escalated',
          subject: ref.conversationId,
          detail: { rule: storable(rule), turn, epoch: marked.epoch },
          source: null,
        };
        await writeAudit(tenancy, entry, now);
        const properties = { rule: storable(rule), turn, agent_id: marked.agent_id, assignee };
        await tenancy.rows(STORE_EVENT, [...key, 'conversation_escalated', JSON.stringify(properties), now]);
        await tellConversationsChanged(tenancy, [ref.conversationId], now);
        return { escalatedAt: now, epoch: marked.epoch, told: marked.told };
      }),

    takenOverSince: (ref, turn) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, turnCause(turn)];
        return (await tenancy.lastRows<{ epoch: number }>(TAKEN_OVER_SINCE, values))[0]?.epoch ?? null;
      }),

    noteNobody: (ref, { turn, rule }, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const properties = JSON.stringify({ rule: storable(rule), turn });
        const values = [
          ref.organisationId,
          ref.conversationId,
          'escalation_without_assignee',
          properties,
          now,
        ];
        await tenancy.lastRows(STORE_EVENT, values);
      }),

    noticeDue: (ref, quietMs, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, now, new Date(now.getTime() - quietMs)];
        return (await tenancy.lastRows(NOTICE_DUE, values)).length > 0;
      }),

    anyoneOnline: (organisationId) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const [found] = await tenancy.lastRows<{ online: boolean }>(ANYONE_ONLINE, [organisationId]);
        return found?.online ?? false;
      }),

    async briefing(ref) {
      const found = await asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const key = [ref.organisationId, ref.conversationId];
        const [about] = await tenancy.rows<{
          reason: string;
          channel: string;
          customer_name: string | null;
          holder: string | null;
          called: string | null;
          assignee: string | null;
        }>(BRIEFING, key);
        if (about === undefined) return null;
        const newestFirst = await tenancy.lastRows<Line>(RECENT, [...key, MOST_LINES]);
        const lines = newestFirst.reverse().map(({ id, sender: from, body, text }) => ({
          from,
          content: body === null ? { kind: 'text' as const, text: text ?? '' } : withFile(body, id),
        }));
        const { reason, channel, customer_name: customerName, holder } = about;
        const named = about.assignee === null ? null : assigneeOf(about.assignee);
        const assignee = named?.kind === 'slack' ? named.userId : about.called;
        return { reason, channel, customerName, holder, assignee, lines };
      });
      if (found === null) return null;
      const { lines, ...about } = found;
      const read = await readFiles(pool, ref.organisationId, lines);
      return {
        ...about,
        recent: read.map(({ from, content }) => ({ from, text: describeContent(content) })),
      };
    },
  };
}
