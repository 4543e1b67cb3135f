/** A builder's test of an external action, or the replay of an execution. The words are in the call's row. */
export interface TrialInput {
  organisationId: string;
  callId: string;
  /** Ask the model what the test message means; otherwise the row has its variables. */
  understand: boolean;
  /** Call the receiver for real; otherwise the row ends with a preview. */
  live: boolean;
}

/** The workflow that runs it, started by the API under `trialWorkflowId`. */
export const TRIAL_WORKFLOW = 'trial';
