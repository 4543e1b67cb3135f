import { z } from 'zod';
import type { Field } from './field.ts';

const MOST = 50;
const LONGEST = 100;

const oneTag = z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]);

/** An array of names, an array of objects with a name, or names separated by commas (ACT-6). */
const anyForm = z
  .union([z.string().transform((list) => list.split(',')), z.array(oneTag)], {
    error: 'is neither a list of tags nor names separated by commas',
  })
  .transform(normalisedTags)
  .pipe(z.array(z.string().max(LONGEST)).max(MOST));

export function tagsField(required: boolean): Field {
  return {
    name: 'tags',
    description: 'A few short words to file this under',
    required,
    fixed: anyForm,
    placeholders: 'all',
    open: z.array(z.string().max(LONGEST)).max(MOST).transform(normalisedTags),
  };
}

/** Trimmed, none empty, each once: of tags that differ in capitals only the first spelling stays (ACT-6). */
export function normalisedTags(tags: readonly string[]): string[] {
  const bySpelling = new Map<string, string>();
  for (const tag of tags.map((each) => each.trim().replace(/\s+/g, ' '))) {
    const key = tag.toLowerCase();
    if (tag !== '' && !bySpelling.has(key)) bySpelling.set(key, tag);
  }
  return [...bySpelling.values()];
}
