import { randomUUID } from 'node:crypto';
import type { ApiPorts, ComponentRecord, OrganisationRecord } from '../../api/ports.ts';
import { NODE_TYPES } from '../../domain/tool.ts';
import type { Gates, NodeType } from '../../domain/tool.ts';
import { ofCaller } from './fake-world.ts';
import type { FakeWorld } from './fake-world.ts';

export function fakeInstallation(world: FakeWorld): ApiPorts['installation'] {
  const organisationFlags = new Map<string, Set<string>>();
  const systemFlags = new Set<string>();
  const disabled = new Set<NodeType>();
  const made: OrganisationRecord[] = [];
  const subscribed = new Map<string, ComponentRecord[]>();

  const known = (id: string) =>
    made.some((organisation) => organisation.id === id) ||
    world.keyRecords.some(({ organisationId }) => organisationId === id);
  const of = (id: string) => subscribed.get(id) ?? [];
  const gates = (organisationId: string): Promise<Gates> =>
    world.reach({
      organisationFlags: organisationFlags.get(organisationId) ?? new Set(),
      systemFlags,
      components: new Set(of(organisationId).map(({ code }) => code)),
      enabledNodeTypes: new Set(NODE_TYPES.filter((nodeType) => !disabled.has(nodeType))),
    });
  const turn = (set: Set<string>, flags: Record<string, boolean>) => {
    for (const [name, on] of Object.entries(flags)) on ? set.add(name) : set.delete(name);
    return set;
  };
  const record = (nodeType: NodeType) => ({
    nodeType,
    enabled: !disabled.has(nodeType),
    updatedAt: world.now,
  });

  return {
    gates: ({ organisationId }) => gates(organisationId),
    setOrganisationFlags({ organisationId }, flags) {
      organisationFlags.set(organisationId, turn(organisationFlags.get(organisationId) ?? new Set(), flags));
      return gates(organisationId);
    },
    setSystemFlags({ organisationId }, flags) {
      turn(systemFlags, flags);
      return gates(organisationId);
    },
    nodeTypes: () => world.reach(NODE_TYPES.map(record)),
    setNodeType(_caller, nodeType, enabled) {
      if (enabled) disabled.delete(nodeType);
      else disabled.add(nodeType);
      return world.reach(record(nodeType));
    },
    organisations: (page) => world.page(made, page),
    createOrganisation(_caller, name) {
      const organisation = { id: randomUUID(), name, createdAt: world.now };
      made.push(organisation);
      const { key } = world.makeKey(organisation.id, 'First key', 'admin');
      return world.reach({ ...organisation, key });
    },
    components: (id) => world.reach(known(id) ? of(id) : null),
    subscribe(_caller, id, code) {
      if (!known(id)) return world.reach(null);
      const component = of(id).find((one) => one.code === code) ?? { code, createdAt: world.now };
      subscribed.set(id, [...of(id).filter((one) => one.code !== code), component]);
      return world.reach(component);
    },
    unsubscribe(_caller, id, code) {
      const gone = of(id).find((one) => one.code === code) ?? null;
      subscribed.set(
        id,
        of(id).filter((one) => one.code !== code),
      );
      return world.reach(gone);
    },
  };
}

export function fakeConnections(world: FakeWorld): ApiPorts['connections'] {
  const COMPANY_TOKEN = '__qontak_crm_company_token';
  const own = (caller: { organisationId: string }) => ofCaller(world.connections, caller);
  const isCrmConnected = (caller: { organisationId: string }) =>
    own(caller).some(({ code }) => code === COMPANY_TOKEN);
  const drop = (organisationId: string, code: string) => {
    const place = world.connections.findIndex(
      (known) => known.organisationId === organisationId && known.code === code,
    );
    return place < 0 ? null : (world.connections.splice(place, 1)[0] ?? null);
  };
  return {
    list: (caller) =>
      world.reach([
        ...(isCrmConnected(caller) ? [] : [{ code: COMPANY_TOKEN, connected: false, updatedAt: null }]),
        ...own(caller),
      ]),
    save({ organisationId }, code) {
      drop(organisationId, code);
      const record = { code, connected: true, updatedAt: world.now };
      world.connections.push({ ...record, organisationId });
      return world.reach(record);
    },
    remove: ({ organisationId }, code) =>
      world.reach(drop(organisationId, code) === null ? null : { code, connected: false, updatedAt: null }),
    isCrmConnected: (caller) => world.reach(isCrmConnected(caller)),
  };
}
