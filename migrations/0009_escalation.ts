import type { Knex } from 'knex';

/**
 * A conversation is escalated while its epoch is the one in which a person was called: whoever takes it over, hands
 * it back or resolves it raises the epoch, and the call is answered.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table conversations
      add column escalated_epoch integer,
      add column escalated_at timestamptz,
      add column escalation_reason text,
      -- one notice in each quiet period
      add column escalation_noticed_at timestamptz;
    -- the rule of a notice that tells the customer that a person is called
    alter table outbound add column escalates text;
  `);
}
