import pg from 'pg';
import { ParleyFailure } from '../../contract/failures.ts';

/**
 * SQLSTATE classes that say "not now": connection (08), credentials that are being changed (28), resources (53), the
 * system around Postgres (58), an administrator's or a time limit's end of the session or statement (57, 25P03), and
 * transactions that lost against another (40). Nothing was committed, save where the connection broke during a commit,
 * which no client can know.
 */
const AWAY = /^(08|28|53|57|58|40|25P0|25006)/;

/** A server that was the primary and lets its sessions live: theirs are to be had elsewhere. */
const READ_ONLY = '25006';

/** Whether another connection may do better. */
export function isOfConnection(error: unknown): error is Error {
  return error instanceof pg.DatabaseError && error.code === READ_ONLY;
}

/** The failure that may leave the stores: codes and names of tables, never a value, for Postgres quotes rows. */
export function storeFailure(error: unknown): Error {
  if (error instanceof ParleyFailure) return error;
  if (error instanceof pg.DatabaseError) {
    const cause = new Error(described(error));
    const away = error.code !== undefined && AWAY.test(error.code);
    return new ParleyFailure(away ? 'STORE_UNAVAILABLE' : 'UNEXPECTED', { cause });
  }
  if (error instanceof Error && isConnectionError(error)) {
    return new ParleyFailure('STORE_UNAVAILABLE', { cause: new Error(`Postgres: ${error.message}`) });
  }
  return error instanceof Error ? error : new Error(String(error));
}

function described({ code, table, constraint, routine }: pg.DatabaseError): string {
  const where = [table && `table ${table}`, constraint && `constraint ${constraint}`, routine].filter(
    Boolean,
  );
  return `Postgres: SQLSTATE ${code ?? 'none'}${where.length > 0 ? ` (${where.join(', ')})` : ''}`;
}

/** What the driver and the sockets throw carries no SQLSTATE; their messages are fixed texts and addresses. */
function isConnectionError(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined) return /^(E[A-Z]+|ERR_SOCKET|ERR_TLS)/.test(code);
  return /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded|Query read timeout|Cannot use a pool)/.test(
    error.message,
  );
}

/** True when the statement broke this constraint. */
export function breaks(error: unknown, constraint: string): boolean {
  return error instanceof pg.DatabaseError && error.constraint === constraint;
}
