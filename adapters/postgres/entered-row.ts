import type { EnteredRow, RowKind } from '../../contract/rows.ts';

/** Columns of an inbox row that a signal is made of. */
export interface InboxRow {
  id: string;
  kind: RowKind;
  seq: number;
  epoch: number;
  received_at: Date;
  about: string | null;
}

export function enteredRow(row: InboxRow): EnteredRow {
  return {
    id: row.id,
    kind: row.kind,
    seq: row.seq,
    epoch: row.epoch,
    at: row.received_at.getTime(),
    ...(row.about === null ? {} : { about: row.about }),
  };
}
