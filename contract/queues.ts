/**
 * Conversations and their activities share one queue, so that a model call starts eagerly with the workflow
 * task that asked for it. `MODEL_TASK_QUEUE` gives model calls one of their own.
 */
export const CONVERSATION_QUEUE = 'parley-conversations';
