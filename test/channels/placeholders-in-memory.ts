import type { Placeholders, SendOutcome, StandingPlaceholder } from '../../activities/ports.ts';

/** One conversation's placeholders, as far as a channel asks for them. */
export interface PlaceholdersInMemory extends Placeholders {
  /** What the next message may take. */
  standing: StandingPlaceholder | null;
  /** How posts ended, oldest first. */
  readonly outcomes: SendOutcome[];
  /** The store cannot be reached for this. */
  away: 'take' | 'beginFor' | 'posted' | null;
}

export function placeholdersInMemory(): PlaceholdersInMemory {
  let begun = 0;
  const reach = (name: PlaceholdersInMemory['away']) => {
    if (memory.away === name) throw new Error('the database is away');
  };
  const memory: PlaceholdersInMemory = {
    standing: null,
    outcomes: [],
    away: null,
    begin: () => Promise.resolve(null),

    async beginFor() {
      reach('beginFor');
      begun += 1;
      return `00000000-0000-4000-8000-${String(begun).padStart(12, '0')}`;
    },

    async take() {
      reach('take');
      return memory.standing;
    },

    async posted(_ref, placeholderId, outcome) {
      reach('posted');
      memory.outcomes.push(outcome);
      if (outcome.kind !== 'sent' || outcome.providerMessageId === null) return true;
      memory.standing = { placeholderId, providerMessageId: outcome.providerMessageId };
      return true;
    },
    leftOver: () => Promise.resolve([]),
    gone() {
      memory.standing = null;
      return Promise.resolve();
    },
  };
  return memory;
}
