import type pg from 'pg';
import type { People } from '../../api/ports.ts';
import { openDivisions } from './divisions.ts';
import { makeKnown } from './known-people.ts';
import { openMembers } from './people-members.ts';
import { openPresence } from './presence.ts';

/** Persons, their divisions, and who is there (ACT-5). */
export function openPeople(pool: pg.Pool, clock: { now(): Date }): People {
  return {
    ...openMembers(pool, clock),
    ...openDivisions(pool, clock),
    ...openPresence(pool, clock),
    known: makeKnown(pool),
  };
}
