import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../contract/search-attributes.ts';

/** The server's number for the type Keyword. */
const KEYWORD = 2;
const ALREADY_EXISTS = 6;

/**
 * Registers the search attributes where they are missing. A server that does not let us (Temporal Cloud, a
 * restricted cluster) must have them already: docs/operations.md names them.
 * @returns the error that kept us from registering, null when all is well
 */
export async function ensureSearchAttributes(
  connection: NativeConnection,
  namespace: string,
): Promise<unknown> {
  try {
    const listed = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.values(SEARCH_ATTRIBUTES).filter(
      (name) => !(name in (listed.customAttributes ?? {})),
    );
    if (missing.length > 0) {
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
      });
    }
    return null;
  } catch (error) {
    return (error as { code?: number }).code === ALREADY_EXISTS ? null : error;
  }
}
