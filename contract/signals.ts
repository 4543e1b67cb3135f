import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { EnteredRow } from './rows.ts';
import type { ConversationView } from './conversation.ts';

/** Rows that entered the conversation. One per message from the gateway; several when the relay catches up. */
export const enteredSignal = defineSignal<[{ rows: EnteredRow[] }]>('entered');

/** An action was decided or cancelled; how is in its row. */
export const decidedSignal = defineSignal('decided');

export const getStateQuery = defineQuery<ConversationView>('getState');
