import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type {
  ApprovalPosts,
  Approvals as ApprovalRequests,
  Calls,
  Escalations,
  Events,
  ExternalActions,
  GateReader,
  Idle,
  Ledger,
  MediaStore,
  Placeholders,
  Rooms,
  Transcript,
  Watches,
} from '../../activities/ports.ts';
import type {
  ApprovalPresses,
  Approvals,
  Audit,
  ChatReader,
  Executions,
  ExternalActionSettings,
  Connections,
  Echoes,
  Health,
  IdempotencyKeys,
  Inbox,
  Installation,
  LiveFeed,
  Lookup,
  People,
  Proactive,
  Readers,
  Sessions,
  Settings,
} from '../../api/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { makeAcknowledged } from './acknowledge.ts';
import { openApprovalPosts } from './approval-posts.ts';
import { openApprovalPresses } from './approval-presses.ts';
import { openApprovalRequests } from './approval-requests.ts';
import { openApprovals } from './approvals.ts';
import { openAudit } from './audit.ts';
import { openCallSecrets } from './call-secrets.ts';
import { openCalls } from './calls.ts';
import { openChatReader } from './chat-reader.ts';
import { openCompanyTokens } from './company-token.ts';
import type { CompanyTokens } from './company-token.ts';
import { openConnectionSettings } from './connection-settings.ts';
import type { CrmAccess } from './connection-settings.ts';
import { openEscalations } from './escalations.ts';
import { openEvents } from './events.ts';
import { openExternalActionReader } from './external-action-reader.ts';
import { openGates } from './gates.ts';
import { openExecutions } from './executions.ts';
import { openExternalActionSettings } from './external-action-settings.ts';
import { openHealth } from './health.ts';
import { openIdle } from './idle.ts';
import { openIdempotencyKeys } from './idempotency-keys.ts';
import { openInbox } from './inbox.ts';
import { openInstallation } from './installation.ts';
import { openIntegrations } from './integrations.ts';
import { openLedger } from './ledger.ts';
import { openLiveFeed } from './live-reader.ts';
import { openLookup } from './lookup.ts';
import { openMediaStore } from './media.ts';
import { openPeople } from './people.ts';
import { openEchoes, openPlaceholders } from './placeholders.ts';
import { openPool } from './pool.ts';
import { openProactive } from './proactive.ts';
import { openReaders } from './readers.ts';
import { assertSchema } from './schema-version.ts';
import { openRooms } from './rooms.ts';
import { openSessions } from './sessions.ts';
import { openSettings } from './settings.ts';
import { openTranscript } from './transcript.ts';
import { openWatches } from './watches.ts';

export { statementCount } from './as-organisation.ts';
export { openRelayStore } from './relay-store.ts';
export type { RelayStore } from './relay-store.ts';

interface StoreOptions {
  /** The application's login. */
  url: string;
  poolSize: number;
  secrets: Secrets;
  clock: { now(): Date };
}

export interface GatewayStores {
  lookup: Lookup;
  inbox: Inbox;
  echoes: Echoes;
  readers: Readers;
  sessions: Sessions;
  settings: Settings;
  externalActions: ExternalActionSettings;
  executions: Executions;
  installation: Installation;
  people: People;
  connections: Connections;
  approvals: Approvals;
  presses: ApprovalPresses;
  proactive: Proactive;
  audit: Audit;
  idempotency: IdempotencyKeys;
  chat: ChatReader;
  live: LiveFeed;
  health: Health;
  acknowledged: ReturnType<typeof makeAcknowledged>;
  close(): Promise<void>;
}

export interface TurnStores {
  transcript: Transcript;
  ledger: Ledger;
  placeholders: Placeholders;
  media: MediaStore;
  events: Events;
  calls: Calls;
  rooms: Rooms;
  approvals: ApprovalRequests;
  approvalPosts: ApprovalPosts;
  idle: Idle;
  gates: GateReader;
  escalations: Escalations;
  watches: Watches;
  externalActions: ExternalActions;
  integrations: ReturnType<typeof openIntegrations>;
  /** What the adapters of the outside world need besides a call: who they are there. */
  companyTokens: CompanyTokens;
  callSecrets: ReturnType<typeof openCallSecrets>;
  close(): Promise<void>;
}

const NO_CRM: CrmAccess = { hasAddress: false, hasKey: false };

/** All that the gateway keeps in Postgres. @throws Error when the schema is older than the code. */
export async function openGatewayStores(
  options: StoreOptions & { lookupUrl: string; crm?: CrmAccess },
): Promise<GatewayStores> {
  const { url, poolSize, secrets, clock } = options;
  const pool = await openCurrentPool(url, poolSize);
  const lookupPool = openPool(options.lookupUrl, { max: Math.max(2, Math.ceil(poolSize / 4)) });
  const chat = openChatReader(pool, url);
  const live = openLiveFeed(pool, url);
  return {
    lookup: openLookup(lookupPool, secrets, clock),
    inbox: openInbox(pool),
    echoes: openEchoes(pool),
    readers: openReaders(pool),
    sessions: openSessions(pool),
    settings: openSettings(pool, secrets, clock),
    externalActions: openExternalActionSettings(pool, secrets, clock),
    executions: openExecutions(pool, clock),
    installation: openInstallation(pool, lookupPool, clock),
    people: openPeople(pool, clock),
    connections: openConnectionSettings(pool, secrets, clock, options.crm ?? NO_CRM),
    approvals: openApprovals(pool),
    presses: openApprovalPresses(pool),
    proactive: openProactive(pool, clock),
    audit: openAudit(pool, clock),
    idempotency: openIdempotencyKeys(pool),
    chat,
    live,
    health: openHealth(pool),
    acknowledged: makeAcknowledged(pool),
    async close() {
      await Promise.all([chat.close(), live.close(), lookupPool.end(), pool.end()]);
    },
  };
}

/** All that a turn keeps in Postgres. @throws Error when the schema is older than the code. */
export async function openTurnStores({ url, poolSize, secrets }: StoreOptions): Promise<TurnStores> {
  const pool = await openCurrentPool(url, poolSize);
  return {
    transcript: openTranscript(pool),
    ledger: openLedger(pool),
    placeholders: openPlaceholders(pool),
    media: openMediaStore(pool),
    events: openEvents(pool),
    calls: openCalls(pool),
    rooms: openRooms(pool),
    approvals: openApprovalRequests(pool),
    approvalPosts: openApprovalPosts(pool),
    idle: openIdle(pool),
    gates: openGates(pool),
    escalations: openEscalations(pool),
    watches: openWatches(pool),
    externalActions: openExternalActionReader(pool),
    integrations: openIntegrations(pool, secrets),
    companyTokens: openCompanyTokens(pool, secrets),
    callSecrets: openCallSecrets(pool, secrets),
    close: () => pool.end(),
  };
}

/** How long a start waits for a Postgres that is not there yet. */
const PATIENCE_MS = 60_000;

async function openCurrentPool(url: string, max: number): Promise<pg.Pool> {
  const pool = openPool(url, { max });
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await assertSchema(pool);
      return pool;
    } catch (error) {
      const away = error instanceof ParleyFailure && error.code === 'STORE_UNAVAILABLE';
      if (!away || performance.now() > deadline) {
        await pool.end();
        throw error;
      }
      await pause(500);
    }
  }
}
