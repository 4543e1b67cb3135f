import { z } from 'zod';
import type { Json } from '../../domain/external-action.ts';
import type { Allowed } from './placeholders.ts';

/** One field of a tool: what a builder may fix in it, and what the model may give where nothing is fixed (ACT-3). */
export interface Field {
  name: string;
  description: string;
  required: boolean;
  /** Checks a builder's value, placeholders filled; its output becomes the argument. */
  fixed: z.ZodType<Json>;
  /** Placeholders that a builder may write into it. Ids take none of the customer's words. */
  placeholders: Allowed;
  /** Null: never the model's. */
  open: z.ZodType<Json> | null;
  /** What was filled in is cut to so many characters. */
  longest?: number;
}

const LONGEST_NAME = 255;
const LONGEST_MESSAGE = 4000;
const LONGEST_ID = 64;

/** Builders' forms give numbers as text. */
const wholeNumber = (least: number) =>
  z
    .union([z.int().min(least), z.string().regex(/^\s*\d{1,15}\s*$/, 'is not a whole number')], {
      error: 'is not a whole number',
    })
    .transform(Number)
    .pipe(z.int().min(least));

const text = (longest: number) => z.string().trim().min(1).max(longest);

/** An id in the CRM that decides where a record goes: a builder's alone. */
export function crmId(name: string, description: string, required = false): Field {
  return { name, description, required, fixed: wholeNumber(1), placeholders: 'none', open: null };
}

/** As `crmId`; the vendor has this one as text. */
export function stageId(description: string): Field {
  return { ...crmId('stage_id', description), fixed: wholeNumber(1).transform(String) };
}

/** A count of the query, a builder's alone. */
export function count(name: string, description: string): Field {
  return { name, description, required: false, fixed: wholeNumber(1), placeholders: 'none', open: null };
}

export function amount(name: string, description: string): Field {
  const open = z.int().min(0);
  return { name, description, required: false, fixed: wholeNumber(0), placeholders: 'none', open };
}

export function recordName(required: boolean): Field {
  return {
    name: 'name',
    description: 'What the record is called: a few words that say what it is about',
    required,
    fixed: text(LONGEST_NAME),
    placeholders: 'all',
    open: text(LONGEST_NAME),
    longest: LONGEST_NAME,
  };
}

/** The record to change. The model may only name one of the conversation's own; that is checked when it is resolved. */
export function ownRecordId(kind: 'deal' | 'ticket'): Field {
  return {
    name: 'id',
    description: `Id of the ${kind}; null for the newest ${kind} of this conversation`,
    required: true,
    fixed: z.union(
      [z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'is not an id'), z.int().min(1).transform(String)],
      {
        error: 'is not an id',
      },
    ),
    placeholders: kind === 'deal' ? 'own_deal' : 'own_ticket',
    open: z.string().max(LONGEST_ID),
  };
}

export function onOff(name: string, description: string): Field {
  const fixed = z
    .union([z.boolean(), z.enum(['true', 'false'])], { error: 'is neither true nor false' })
    .transform((value) => value === true || value === 'true');
  return { name, description, required: false, fixed, placeholders: 'none', open: null };
}

/** Words of the agent to the customer. */
export function message(name: string, description: string): Field {
  return {
    name,
    description,
    required: false,
    fixed: text(LONGEST_MESSAGE),
    placeholders: 'all',
    open: text(LONGEST_MESSAGE),
    longest: LONGEST_MESSAGE,
  };
}

/** A header's value that a builder may fix. */
export function headerText(name: string, description: string): Field {
  const fixed = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'holds what a header cannot carry');
  return { name, description, required: false, fixed, placeholders: 'header', open: null };
}

/** Nothing: blank values of a builder's form leave a field open. */
export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}
