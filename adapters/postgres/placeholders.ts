import type pg from 'pg';
import type {
  PlaceholderPlace,
  Placeholders,
  SendOutcome,
  StandingPlaceholder,
} from '../../activities/ports.ts';
import type { Echoes } from '../../api/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import { turnCause } from '../../contract/ids.ts';
import { REPEAT } from '../../domain/channel.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { noteStandsAt } from './approval-presses.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';

/** Under the conversation's lock, as the fence is: whoever takes over later finds it begun. */
const BEGIN: Statement = {
  name: 'placeholder-begin',
  text: `
    with conversation as materialized (
      select * from conversations
      where organisation_id = $1 and id = $2 and channel = any($6) and epoch = $4 and owner = 'agent' and status = 'open'
      for no key update
    ),
    made as (
      insert into placeholders (organisation_id, channel_integration_id, conversation_id, turn, cause, state,
        begun_at, updated_at)
      select $1, channel_integration_id, id, $3, $7, 'posting', $5, $5 from conversation
      on conflict (organisation_id, conversation_id, turn) do nothing
      returning id
    )
    select m.id, c.channel, c.channel_integration_id, v.version as integration_version, c.room
    from made m, conversation c
    join channel_integrations v on v.organisation_id = $1 and v.id = c.channel_integration_id`,
};

const BEGIN_FOR: Statement = {
  name: 'placeholder-begin-for',
  text: `
    insert into placeholders (organisation_id, channel_integration_id, conversation_id, cause, state, begun_at,
      updated_at)
    select $1, channel_integration_id, $2, cause, 'posting', $4, $4
    from outbound where organisation_id = $1 and conversation_id = $2 and id = $3
    returning id`,
};

/**
 * By cause and not by the message's id, which changes with its words. The one that an earlier try took comes first:
 * the customer may be reading the answer in it. A standing one of another cause is one whose own message never came.
 */
const TAKE: Statement = {
  name: 'placeholder-take',
  text: `
    with message as (
      select cause from outbound where organisation_id = $1 and conversation_id = $2 and id = $3
    ),
    mine as (
      select p.id, m.cause from placeholders p, message m
      where p.organisation_id = $1 and p.conversation_id = $2 and p.provider_message_id is not null
        and (p.state = 'standing' or (p.state = 'taken' and p.cause = m.cause))
      order by p.state = 'taken' desc, p.cause = m.cause desc, p.begun_at desc
      limit 1
      for no key update of p
    )
    update placeholders p set state = 'taken', cause = mine.cause, updated_at = $4
    from mine where p.organisation_id = $1 and p.id = mine.id
    returning p.id, p.provider_message_id`,
};

/** The channel's own word of it may have come first. */
const POSTED: Statement = {
  name: 'placeholder-posted',
  text: `
    update placeholders
    set state = case when turn is null then 'taken' else 'standing' end, provider_message_id = $4, updated_at = $5
    where organisation_id = $1 and conversation_id = $2 and id = $3 and state in ('posting', 'standing')
    returning id`,
};

const NOT_POSTED: Statement = {
  name: 'placeholder-not-posted',
  text: `
    update placeholders set state = 'gone', updated_at = $4
    where organisation_id = $1 and conversation_id = $2 and id = $3 and state = 'posting'
    returning id`,
};

/**
 * Counted, and not `not exists`: that one becomes a join, which is not judged again once a message that took the
 * placeholder at the same moment lets go of the row; a count is.
 */
const LEFT_OVER: Statement = {
  name: 'placeholder-left-over',
  text: `
    with reserved as (
      update placeholders p set state = 'clearing', updated_at = $4
      where p.organisation_id = $1 and p.conversation_id = $2 and p.provider_message_id is not null
        and p.state in ('standing', 'taken', 'clearing') and (p.turn is null or p.turn is distinct from $3)
        and 0 = (
          select count(*) from outbound o
          where o.organisation_id = $1 and o.conversation_id = $2 and o.cause = p.cause
            and (o.state = 'sending' or (p.state = 'taken' and o.state not in ('failed', 'refused'))))
      returning p.id, p.provider_message_id, p.conversation_id
    )
    select r.id, r.provider_message_id, c.channel, c.channel_integration_id, v.version as integration_version, c.room
    from reserved r
    join conversations c on c.organisation_id = $1 and c.id = r.conversation_id
    join channel_integrations v on v.organisation_id = $1 and v.id = c.channel_integration_id`,
};

const GONE: Statement = {
  name: 'placeholder-gone',
  text: `
    update placeholders set state = 'gone', updated_at = $4
    where organisation_id = $1 and conversation_id = $2 and id = $3`,
};

const HEARD: Statement = {
  name: 'placeholder-heard',
  text: `
    update placeholders set state = 'standing', provider_message_id = $4, updated_at = $5
    where organisation_id = $1 and channel_integration_id = $2 and id = $3 and state = 'posting'`,
};

const UPDATED_IN_PLACE = (Object.keys(REPEAT) as ChannelKind[]).filter(
  (kind) => REPEAT[kind] === 'update_in_place',
);

interface PlaceRow {
  id: string;
  channel: ChannelKind;
  channel_integration_id: string;
  integration_version: number;
  room: string;
}

interface StandingRow {
  id: string;
  provider_message_id: string;
}

/** Placeholders of conversations; see the port. */
export function openPlaceholders(pool: pg.Pool): Placeholders {
  return {
    begin: (ref, turn, { epoch, now, holdMs }) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [
          ref.organisationId,
          ref.conversationId,
          turn,
          epoch,
          now,
          UPDATED_IN_PLACE,
          turnCause(turn),
        ];
        const [row] = await tenancy.lastRows<PlaceRow>(BEGIN, values);
        return row === undefined ? null : placeOf(ref, row, new Date(now.getTime() + holdMs));
      }),

    beginFor: (ref, outboundId, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, outboundId, now];
        const [row] = await tenancy.lastRows<{ id: string }>(BEGIN_FOR, values);
        if (row === undefined) throw new Error('no such message is planned');
        return row.id;
      }),

    take: (ref, outboundId, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, outboundId, now];
        const [row] = await tenancy.lastRows<StandingRow>(TAKE, values);
        return row === undefined ? null : standingOf(row);
      }),

    posted: (ref, placeholderId, outcome, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const key = [ref.organisationId, ref.conversationId, placeholderId];
        if (outcome.kind === 'sent')
          return (await tenancy.lastRows(POSTED, [...key, outcome.providerMessageId, now])).length > 0;
        if (!mayHaveArrived(outcome)) await tenancy.lastRows(NOT_POSTED, [...key, now]);
        return true;
      }),

    leftOver: (ref, { exceptTurn, now, holdMs }) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, exceptTurn, now];
        const rows = await tenancy.lastRows<PlaceRow & StandingRow>(LEFT_OVER, values);
        const deadline = new Date(now.getTime() + holdMs);
        return rows.map((row) => ({ ...placeOf(ref, row, deadline), ...standingOf(row) }));
      }),

    gone: (ref, placeholderId, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        await tenancy.lastRows(GONE, [ref.organisationId, ref.conversationId, placeholderId, now]);
      }),
  };
}

/** The gateway's part: our own messages come back over the channel's webhook, and with them their ids. */
export function openEchoes(pool: pg.Pool): Echoes {
  return {
    heard: async ({ organisationId, id }, echoes, now) => {
      for (const echo of echoes)
        await asOrganisation(pool, organisationId, async (tenancy) => {
          const { providerMessageId } = echo;
          if ('approvalId' in echo) return noteStandsAt(tenancy, echo.approvalId, providerMessageId, now);
          await tenancy.lastRows(HEARD, [organisationId, id, echo.placeholderId, providerMessageId, now]);
        });
    },
  };
}

function mayHaveArrived(outcome: Exclude<SendOutcome, { kind: 'sent' }>): boolean {
  return outcome.kind === 'unknown' || (outcome.kind === 'try_again' && outcome.mayHaveArrived);
}

function placeOf(ref: ConversationRef, row: PlaceRow, deadline: Date): PlaceholderPlace {
  return {
    organisationId: ref.organisationId,
    conversationId: ref.conversationId,
    placeholderId: row.id,
    channel: row.channel,
    channelIntegrationId: row.channel_integration_id,
    integrationVersion: row.integration_version,
    room: row.room,
    deadline,
  };
}

function standingOf(row: StandingRow): StandingPlaceholder {
  return { placeholderId: row.id, providerMessageId: row.provider_message_id };
}
