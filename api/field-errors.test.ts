import { strict as assert } from 'node:assert';
import { z } from 'zod';
import { fieldErrors } from './field-errors.ts';

describe('what is wrong with a field', () => {
  it('EXT-1 is said with the types that the description of the API has', () => {
    const body = z.strictObject({
      data: z.record(z.string(), z.unknown()),
      limit: z.int(),
      list: z.array(z.string()),
    });
    const given = { data: [], limit: 1.5, list: {} };
    const { error } = body.safeParse(given);
    assert.ok(error);
    assert.deepEqual(fieldErrors(error, given), [
      { field: 'data', message: 'must be of type object' },
      { field: 'limit', message: 'must be of type integer' },
      { field: 'list', message: 'must be of type array' },
    ]);
  });
});
