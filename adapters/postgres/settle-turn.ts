/**
 * The part of a statement that ends the customer messages a message of ours answered. It reads `moved`, the rows
 * of outbound that just ended, and must name their organisation, conversation, turn and answers_seq. What the turn
 * took and the message does not answer becomes untaken again, for the next turn.
 */
export function settleTurn({ at, reason }: { at: string; reason: string }): string {
  return `
    settled as (
      update inbox i
      set settled_at = case when i.seq <= m.answers_seq then ${at}::timestamptz end,
          settled_reason = case when i.seq <= m.answers_seq then ${reason}::text end,
          turn = case when i.seq <= m.answers_seq then i.turn end,
          taken_at = case when i.seq <= m.answers_seq then i.taken_at end
      from moved m
      where i.organisation_id = m.organisation_id and i.conversation_id = m.conversation_id
        and i.kind = 'message' and i.settled_at is null and i.turn = m.turn
    )`;
}
