import type { FLAGS, Gates, NodeType, OrganisationFlag } from '../../domain/tool.ts';
import type { Caller } from './caller.ts';
import type { Page, PageQuery } from './readers.ts';

export type SystemFlag = typeof FLAGS.rollout;

/**
 * The switches of ACT-7, which work at once. Every change is audited in its own transaction: what concerns one
 * organisation in that one, what concerns all in the caller's.
 */
export interface Installation {
  /** What the caller's organisation may use. */
  gates(caller: Caller): Promise<Gates>;
  /** Flags that are not named stay as they are; what was never set is off. */
  setOrganisationFlags(caller: Caller, flags: Partial<Record<OrganisationFlag, boolean>>): Promise<Gates>;
  setSystemFlags(caller: Caller, flags: Partial<Record<SystemFlag, boolean>>): Promise<Gates>;

  nodeTypes(caller: Caller): Promise<NodeTypeRecord[]>;
  setNodeType(caller: Caller, nodeType: NodeType, enabled: boolean): Promise<NodeTypeRecord>;

  /** All of the installation, whoever asks: only the owner may come here. */
  organisations(page: PageQuery): Promise<Page<OrganisationRecord>>;
  /** With a first admin key, which is returned once and stored only as a hash. */
  createOrganisation(caller: Caller, name: string): Promise<OrganisationRecord & { key: string }>;
  /** Null: there is no such organisation. */
  components(organisationId: string): Promise<ComponentRecord[] | null>;
  /** One that is subscribed already stays as it is. Null: there is no such organisation. */
  subscribe(caller: Caller, organisationId: string, code: string): Promise<ComponentRecord | null>;
  /** Null: there is no such organisation, or it has not subscribed it. */
  unsubscribe(caller: Caller, organisationId: string, code: string): Promise<ComponentRecord | null>;
}

export interface NodeTypeRecord {
  nodeType: NodeType;
  enabled: boolean;
  updatedAt: Date;
}

export interface OrganisationRecord {
  id: string;
  name: string;
  createdAt: Date;
}

export interface ComponentRecord {
  code: string;
  createdAt: Date;
}
