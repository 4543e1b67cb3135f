import { strict as assert } from 'node:assert';
import { ConfigError, loadConfig } from './config.ts';
import { describeConfig } from './adapters/log/describe-config.ts';

const KEY = `k1:${Buffer.alloc(32, 7).toString('base64')}`;

const api = {
  DATABASE_URL: 'postgres://app:hush@db:5432/parley',
  DATABASE_LOOKUP_URL: 'postgres://lookup:hush@db:5432/parley',
  SECRETS_KEY: KEY,
};
const worker = {
  DATABASE_URL: 'postgres://app:hush@db:5432/parley',
  DATABASE_JOBS_URL: 'postgres://jobs:hush@db:5432/parley',
  SECRETS_KEY: KEY,
  OPENAI_API_KEY: 'sk-hush',
};

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
}

describe('config', () => {
  it('RUN-3 fills what is unset with the documented defaults', () => {
    const config = loadConfig(api, 'api');
    assert.equal(config.http.port, 8080);
    assert.equal(config.http.host, '127.0.0.1');
    assert.equal(config.http.publicUrl, 'http://127.0.0.1:8080');
    assert.equal(config.postgres.poolSize, 20);
    assert.equal(config.temporal.address, '127.0.0.1:7233');
    assert.equal(config.temporal.namespace, 'default');
    assert.equal(config.temporal.workflowTaskTimeoutSeconds, 10);
    assert.equal(config.worker.relay, true);
    assert.equal(config.worker.maxCachedWorkflows, 1000);
    assert.equal(config.model.taskQueue, null);
    assert.deepEqual(config.egressAllow, []);
    assert.equal(config.dataDir, '.data');
  });

  it('RUN-3 reports every problem of an environment at once', () => {
    const problems = problemsOf(() =>
      loadConfig(
        {
          ...api,
          PORT: '70000',
          RELAY: 'maybe',
          DATABASE_LOOKUP_URL: '',
          LOG_LEVEL: 'loud',
          TEMPORAL_TLS_CERT: '/c.pem',
        },
        'api',
      ),
    );
    assert.deepEqual(problems.map((problem) => problem.split(' ')[0]).sort(), [
      'DATABASE_LOOKUP_URL',
      'LOG_LEVEL',
      'PORT',
      'RELAY',
      'TEMPORAL_TLS_CERT',
    ]);
  });

  it('RUN-3 requires of each program what that program uses and no more', () => {
    assert.deepEqual(
      problemsOf(() => loadConfig({}, 'api')).map((problem) => problem.split(' ')[0]),
      ['DATABASE_URL', 'DATABASE_LOOKUP_URL', 'SECRETS_KEY'],
    );
    assert.deepEqual(
      problemsOf(() => loadConfig({}, 'worker')).map((problem) => problem.split(' ')[0]),
      ['DATABASE_URL', 'DATABASE_JOBS_URL', 'SECRETS_KEY', 'OPENAI_API_KEY'],
    );
    assert.deepEqual(
      problemsOf(() => loadConfig({}, 'migrate')).map((problem) => problem.split(' ')[0]),
      ['DATABASE_URL', 'DATABASE_OWNER_URL', 'DATABASE_LOOKUP_URL', 'DATABASE_JOBS_URL'],
    );
    assert.deepEqual(
      problemsOf(() => loadConfig({}, 'first-key')).map((problem) => problem.split(' ')[0]),
      ['DATABASE_URL', 'DATABASE_LOOKUP_URL'],
    );
    assert.deepEqual(
      problemsOf(() => loadConfig({}, 'reseal')).map((problem) => problem.split(' ')[0]),
      ['DATABASE_URL', 'DATABASE_LOOKUP_URL', 'SECRETS_KEY'],
    );
    assert.equal(loadConfig(api, 'api').postgres.ownerUrl, null);
  });

  it('RUN-2 accepts a model endpoint of one’s own that wants no key', () => {
    const { OPENAI_API_KEY: _, ...keyless } = worker;
    const config = loadConfig({ ...keyless, OPENAI_BASE_URL: 'http://127.0.0.1:8084/v1/' }, 'worker');
    assert.equal(config.model.apiKey, null);
    assert.equal(config.model.baseUrl, 'http://127.0.0.1:8084/v1');
  });

  it('TEN-3 accepts rotated keys and refuses short ones and ids named twice', () => {
    const second = `k2:${Buffer.alloc(32, 9).toString('base64')}`;
    assert.equal(
      loadConfig({ ...worker, SECRETS_KEY: `${second},${KEY}` }, 'worker').secretsKey,
      `${second},${KEY}`,
    );
    const short = `k1:${Buffer.alloc(16).toString('base64')}`;
    assert.match(
      problemsOf(() => loadConfig({ ...worker, SECRETS_KEY: short }, 'worker')).join(),
      /32 bytes/,
    );
    assert.match(
      problemsOf(() => loadConfig({ ...worker, SECRETS_KEY: `${KEY},${KEY}` }, 'worker')).join(),
      /twice/,
    );
  });

  it('TEN-3 never quotes a value in a message nor shows a secret in the description', () => {
    const wrong = { ...worker, SECRETS_KEY: 'hush-hush', DATABASE_URL: 'mysql://u:hush@db/x', PORT: 'hush' };
    assert.doesNotMatch(problemsOf(() => loadConfig(wrong, 'worker')).join(), /hush/);
    const shown = describeConfig(loadConfig({ ...worker, QONTAK_CRM_API_KEY: 'hush' }, 'worker'));
    assert.doesNotMatch(JSON.stringify(shown), /hush/);
    assert.ok(!JSON.stringify(shown).includes(KEY));
    assert.equal(shown['database'], 'app@db:5432/parley');
    assert.equal(shown['secrets_key'], 'yes');
  });

  it('RUN-3 reads the list of private addresses that may be called', () => {
    const config = loadConfig({ ...worker, EGRESS_ALLOW: '127.0.0.1:9000, [::1]:9001,crm:80' }, 'worker');
    assert.deepEqual(config.egressAllow, ['127.0.0.1:9000', '[::1]:9001', 'crm:80']);
    assert.match(
      problemsOf(() => loadConfig({ ...worker, EGRESS_ALLOW: 'crm' }, 'worker')).join(),
      /host:port/,
    );
  });
});
