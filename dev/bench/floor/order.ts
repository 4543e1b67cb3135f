/** What the bench asks of the floor's programs: so many conversations with so many messages each. */
export interface FloorOrder {
  conversations: number;
  messages: number;
  /** Between the end of a turn and the next message, in milliseconds; absent: none. */
  think?: number;
}

/** The first message of a program says that it is ready (null), each later one how long an order took. */
export type FloorAnswer = { seconds: number | null };
