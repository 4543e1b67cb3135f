import type { AgentSettings, StoredAgentSettings } from '../../domain/agent.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { IdleRule } from '../../domain/idle-rule.ts';
import type { AnsweredBy } from '../../domain/idle-sequence.ts';
import type { Role } from '../../domain/role.ts';
import type { Caller } from './caller.ts';
import type { Page, PageQuery } from './readers.ts';

export interface AgentRecord {
  id: string;
  name: string;
  version: number;
  settings: AgentSettings;
  createdAt: Date;
  updatedAt: Date;
}

export interface ChannelRecord {
  id: string;
  kind: ChannelKind;
  name: string;
  agentId: string;
  active: boolean;
  answeredBy: AnsweredBy;
  /** As it is stored (IDLE-8). */
  defaultIdleRule: IdleRule | null;
  settings: Record<string, string>;
  /** Names of the secrets that are set; their values never leave. */
  secretsSet: string[];
  createdAt: Date;
}

export interface KeyRecord {
  id: string;
  name: string;
  role: Role;
  /** Whose key it is; null for a program's. */
  memberId: string | null;
  createdAt: Date;
  revokedAt: Date | null;
}

/** With the key itself, this once. */
export type NewKey = KeyRecord & { key: string };

/** Configuration, written by people with a role. Every change is audited in its own transaction. */
export interface Settings {
  agents(caller: Caller, page: PageQuery): Promise<Page<AgentRecord>>;
  agent(caller: Caller, id: string): Promise<AgentRecord | null>;
  /** Of an idle rule, steps are stored only where they count; what was stored before waits for the flag (IDLE-2). */
  createAgent(caller: Caller, agent: { name: string; settings: StoredAgentSettings }): Promise<AgentRecord>;
  /** `cleared` goes back to the installation's own. Null: no such agent here. */
  updateAgent(
    caller: Caller,
    id: string,
    change: { name?: string; settings?: StoredAgentSettings; cleared?: ('model' | 'temperature')[] },
  ): Promise<AgentRecord | null>;
  channels(caller: Caller, page: PageQuery): Promise<Page<ChannelRecord>>;
  channel(caller: Caller, id: string): Promise<ChannelRecord | null>;
  /** Null: the agent named is not of this organisation. */
  createChannel(caller: Caller, channel: NewChannel): Promise<ChannelRecord | null>;
  updateChannel(
    caller: Caller,
    id: string,
    change: Partial<Omit<NewChannel, 'kind'>> & { active?: boolean },
  ): Promise<ChannelRecord | null>;
  keys(caller: Caller, page: PageQuery): Promise<Page<KeyRecord>>;
  /** The plaintext key is returned once and stored only as a hash. */
  createKey(caller: Caller, key: { name: string; role: Role }): Promise<NewKey>;
  /** The key of a person. `other_role`: a member's key has the member's role and no other. */
  createMemberKey(
    caller: Caller,
    key: { name: string; role: Role; memberId: string },
  ): Promise<NewKey | 'unknown_member' | 'other_role'>;
  /** Null: no such key here. `last_admin`: nobody could manage the organisation any more. */
  revokeKey(caller: Caller, id: string): Promise<KeyRecord | null | 'last_admin'>;
}

export interface NewChannel {
  kind: ChannelKind;
  name: string;
  agentId: string;
  /** Default: the agent. */
  answeredBy?: AnsweredBy;
  defaultIdleRule?: IdleRule | null;
  settings: Record<string, string>;
  secrets: Record<string, string>;
}
