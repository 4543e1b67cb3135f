import type { Gates } from '../../domain/tool.ts';

/** What the organisation may use, read anew every time: switches work at once (ACT-7). */
export interface GateReader {
  gates(organisationId: string): Promise<Gates>;
}
