/** To whom a conversation is to go (ACT-5): whoever is free, somebody of a division, or the operator who is named. */
export type AssignTo =
  { type: 'auto' } | { type: 'division'; divisionId: string } | { type: 'agent'; operatorId: string };

/** Why nobody was given it, and nothing was done. */
export type AssignRefusal = 'division_not_found' | 'operator_not_found';
