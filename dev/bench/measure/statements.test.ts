import { strict as assert } from 'node:assert';
import { readStatements } from './statements.ts';

const LOG = `parley_app_login|LOG:  statement: begin; set local parley.organisation = 'x'
parley_app_login|LOG:  execute take:
	    with reply as (
	      select 'parley_app_login|LOG: no'
parley_app_login|DETAIL:  Parameters: $1 = 'x'
parley_jobs_login|LOG:  execute due: select 1
postgres|LOG:  statement: select pg_reload_conf()
parley_app_login|LOG:  statement: commit
parley_lookup_login|LOG:  execute <unnamed>: select 1
`;

describe('statements of the Postgres log', () => {
  it('RUN-3 counts what the gateway and the turns sent, and nothing of others', () => {
    assert.deepEqual(readStatements(LOG), {
      count: 4,
      byName: { begin: 1, take: 1, commit: 1, '<unnamed>': 1 },
    });
  });
});
