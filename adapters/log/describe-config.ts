import type { Config } from '../../config.ts';

/** One line per setting for a start-up log; keys are shown as yes or no, database logins without password. */
export function describeConfig(config: Config): Record<string, string> {
  const yesNo = (secret: string | null) => (secret === null ? 'no' : 'yes');
  const { http, temporal, model, qontak } = config;
  const { username, host, pathname } = new URL(config.postgres.url);
  return {
    public_url: http.publicUrl,
    listens: `${http.host}:${http.port}, figures on ${http.metricsPort ?? 'no port'}`,
    database: `${username}@${host}${pathname}`,
    temporal: `${temporal.address} (${temporal.namespace})`,
    temporal_credentials: `API key ${yesNo(temporal.apiKey)}, client certificate ${yesNo(temporal.tlsCert)}`,
    model: `${model.name} at ${model.baseUrl ?? 'the vendor'}, key ${yesNo(model.apiKey)}`,
    secrets_key: yesNo(config.secretsKey),
    qontak: `${qontak.baseUrl ?? 'no'}, CRM key ${yesNo(qontak.crmApiKey)}`,
    egress_allow: config.egressAllow.join(', ') || 'public addresses only',
    log_level: config.logLevel,
  };
}
