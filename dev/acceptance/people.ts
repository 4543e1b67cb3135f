import type { SourceDocument } from './criteria.ts';

const NO_SCREEN = 'A state of the screen: belongs to the console, which is not built yet.';

/** The document on idle sequences. */
export const IDLE_SEQUENCES: SourceDocument = {
  title: 'Idle sequences',
  criteria: [
    {
      id: 'IDLE-S01 AC-1',
      asks: 'Three steps are saved in order, with their times in seconds, and read back.',
    },
    { id: 'IDLE-S01 AC-2', asks: 'An assign step keeps its target, its time and a message if there is one.' },
    { id: 'IDLE-S01 AC-3', asks: 'One step alone behaves as the legacy single action.' },
    { id: 'IDLE-S01 ERR-1', asks: 'The control for a fourth step is disabled.', leftOut: NO_SCREEN },
    {
      id: 'IDLE-S01 ERR-2',
      asks: 'A follow-up or resolve without a message is refused on its field; nothing is saved.',
    },
    { id: 'IDLE-S01 ERR-3', asks: 'A time of 0 or above 24 hours is refused.' },
    { id: 'IDLE-S01 CAN', asks: 'Who may edit agents may set steps, while the flag is on.' },
    { id: 'IDLE-S01 CANNOT', asks: 'Others may not, and with the flag off nobody may.' },
    { id: 'IDLE-S01 UI', asks: 'Skeleton, empty, error and saved states.', leftOut: NO_SCREEN },
    { id: 'IDLE-S01 NEG-1', asks: 'A fourth step sent to the API is refused; nothing is saved.' },
    { id: 'IDLE-S01 NEG-2', asks: 'No actions besides follow-up, assign and resolve.' },
    { id: 'IDLE-S02 AC-1', asks: 'After the first silence step 1 fires and step 2 is armed.' },
    { id: 'IDLE-S02 AC-2', asks: 'After the next silence step 2 fires and step 3 is armed.' },
    { id: 'IDLE-S02 AC-3', asks: 'Step 3 resolves with its message; nothing more is armed.' },
    { id: 'IDLE-S02 AC-4', asks: 'An assign step assigns, and the next step is still armed.' },
    {
      id: 'IDLE-S02 ERR-1',
      asks: 'A nudge that cannot be sent does not advance the sequence, and is told with its step.',
    },
    { id: 'IDLE-S02 ERR-2', asks: 'A resolve that fails is tried again and never skipped.' },
    { id: 'IDLE-S02 NEG-1', asks: 'The channel-wide rule is not used on the agent’s path.' },
    { id: 'IDLE-S02 NEG-2', asks: 'Of a stored rule with more than three steps the first three run.' },
    { id: 'IDLE-S03 AC-1', asks: 'A message resets the sequence and cancels what was pending.' },
    { id: 'IDLE-S03 AC-2', asks: 'The next silence begins with step 1.' },
    { id: 'IDLE-S03 AC-3', asks: 'A message before step 1 starts its time anew.' },
    {
      id: 'IDLE-S03 ERR-1',
      asks: 'A message and a firing at one instant: exactly one of advance and reset.',
    },
    { id: 'IDLE-S03 ERR-2', asks: 'Nothing fires out of order or twice when a write fails.' },
    { id: 'IDLE-S03 NEG-1', asks: 'No jumps: a reset begins at step 1.' },
    { id: 'IDLE-S04 AC-1', asks: 'A legacy rule fires just as before.' },
    { id: 'IDLE-S04 AC-2', asks: 'The channel-wide rule goes on for flows without an agent.' },
    { id: 'IDLE-S04 AC-3', asks: 'With the flag off the legacy rule is shown and can be edited.' },
    { id: 'IDLE-S04 ERR-1', asks: 'A malformed or empty rule leads to nothing.' },
    { id: 'IDLE-S04 NEG-1', asks: 'With the flag off no steps are written or required.' },
  ],
};

/** The document on escalation and on topics over WhatsApp. */
export const ESCALATION: SourceDocument = {
  title: 'Escalation, and topics on WhatsApp',
  criteria: [
    {
      id: 'ESC Task 1.1',
      asks: 'Rules are judged after the model’s answer and before it is remembered or sent.',
    },
    {
      id: 'ESC Task 1.2',
      asks: 'A match with somebody to call: the person is told, and the notice replaces the answer.',
    },
    {
      id: 'ESC Task 1.3',
      asks: 'In an escalated conversation the model is not called; the customer is told.',
    },
    { id: 'ESC Task 1.4', asks: 'Every message to the customer leaves by the one path of its channel.' },
    { id: 'ESC Task 1.5', asks: 'Over WhatsApp it leaves with that integration’s own number and token.' },
    { id: 'ESC Task 1.6', asks: 'The person is told over Slack, whichever channel the customer is on.' },
    { id: 'ESC Task 1 metadata', asks: 'Messages that speak of money are counted over the recent window.' },
    { id: 'ESC Task 2.1', asks: 'On WhatsApp the prompt names the assigned topics, all of them.' },
    { id: 'ESC Task 2.2', asks: 'Not on other channels.' },
    { id: 'ESC Task 2.3', asks: 'Not without topics.' },
    { id: 'ESC Task 2.4', asks: 'With media too.' },
  ],
};

/** The document on requests for a decision by a person. */
export const ACTIONS_CENTER: SourceDocument = {
  title: 'Actions center',
  criteria: [
    { id: 'AC Insert', asks: 'The tool makes one pending request from the allowed inputs alone.' },
    {
      id: 'AC Context',
      asks: 'Organisation, agent, contact and conversation come from the system; without them nothing is made.',
    },
    { id: 'AC Priority', asks: 'low, medium or high; anything else is refused; medium by default.' },
    { id: 'AC Limits', asks: 'Lengths and the size of the data are capped, and the limit is named.' },
    { id: 'AC Unit', asks: 'Input is validated: priorities, JSON, sizes, what is missing.' },
    { id: 'AC Negative', asks: 'Invalid JSON, data too large: an error and no row.' },
    { id: 'AC db_error', asks: 'A store that fails: success false, db_error, no row.' },
    { id: 'AC Realtime', asks: 'New and changed requests reach consoles at once.' },
    { id: 'AC Trace', asks: 'The trace shows the request with its id, or why there is none.' },
  ],
};
