import { randomUUID } from 'node:crypto';
import type {
  ApiPorts,
  Caller,
  Execution,
  ExternalActionRecord,
  NewExternalAction,
  SavedExternalAction,
} from '../../api/ports.ts';
import { hasEnded } from '../../domain/call.ts';
import { DEFAULT_EXTERNAL_ACTION, MOST_ACTIVE_ACTIONS } from '../../domain/external-action.ts';
import { ofCaller } from './fake-world.ts';
import type { FakeWorld } from './fake-world.ts';

type Place = Pick<Caller, 'organisationId'>;
type Stored = ExternalActionRecord & { organisationId: string; secrets: Record<string, string> };

/** External actions in memory. Sealing, versions and races are Postgres's business and tested there. */
export function fakeExternalActions(world: FakeWorld): ApiPorts['externalActions'] {
  const stored = ({ organisationId }: Place, id: string) =>
    world.externalActions.find((known) => known.id === id && known.organisationId === organisationId);

  const obstacle = (
    place: Place,
    {
      channelIntegrationId,
      definition,
      isActive,
    }: Pick<Stored, 'channelIntegrationId' | 'definition' | 'isActive'>,
    self: string | null,
  ): SavedExternalAction | null => {
    if (world.integrations.get(channelIntegrationId)?.organisationId !== place.organisationId)
      return { kind: 'unknown_channel' };
    const others = world.externalActions.filter(
      (known) => known.channelIntegrationId === channelIntegrationId && known.id !== self,
    );
    if (others.some((known) => known.definition.actionName === definition.actionName))
      return { kind: 'name_taken' };
    const active = others.filter((known) => known.isActive).length;
    return isActive && active >= MOST_ACTIVE_ACTIONS ? { kind: 'too_many_active' } : null;
  };

  const change = (caller: Caller, id: string, wanted: Partial<Stored>): SavedExternalAction => {
    const before = stored(caller, id);
    if (before === undefined) return { kind: 'unknown' };
    const after = { ...before, ...wanted, updatedAt: world.now };
    const refused = obstacle(caller, after, id);
    if (refused !== null) return refused;
    Object.assign(before, after, { secretsSet: Object.keys(after.secrets).sort() });
    return { kind: 'saved', record: shown(before) };
  };

  const create = (caller: Caller, action: NewExternalAction): SavedExternalAction =>
    obstacle(caller, action, null) ?? {
      kind: 'saved',
      record: shown(makeExternalAction(world, caller.organisationId, action)),
    };

  return {
    list: (caller, { channel, isActive }, page) =>
      world.page(
        ofCaller(world.externalActions, caller).filter(
          (known) =>
            (channel ?? known.channelIntegrationId) === known.channelIntegrationId &&
            (isActive ?? known.isActive) === known.isActive,
        ),
        page,
      ),
    read(caller, id) {
      const found = stored(caller, id);
      return world.reach(found === undefined ? null : shown(found));
    },
    create: async (caller, action) => (await world.reach(null)) ?? create(caller, action),
    async update(caller, id, version, { definition, secrets, changed: _, ...place }) {
      await world.reach(null);
      const before = stored(caller, id);
      if (before !== undefined && before.version !== version) return { kind: 'overtaken' };
      const kept = Object.entries({ ...before?.secrets, ...secrets }).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      );
      const named = Object.entries(place).filter(([, value]) => value !== undefined);
      return change(caller, id, {
        ...(Object.fromEntries(named) as Partial<Stored>),
        ...(definition === null ? {} : { definition, version: version + 1 }),
        secrets: Object.fromEntries(kept),
      });
    },
    async toggle(caller, id, isActive) {
      await world.reach(null);
      return change(caller, id, { isActive: isActive ?? stored(caller, id)?.isActive === false });
    },
    async duplicate(caller, id, as) {
      await world.reach(null);
      const of = stored(caller, id);
      if (of === undefined) return { kind: 'unknown' };
      const actionName = as.actionName ?? `${of.definition.actionName}_copy`;
      return create(caller, {
        channelIntegrationId: as.channelIntegrationId ?? of.channelIntegrationId,
        isActive: false,
        definition: { ...of.definition, actionName },
        secrets: of.secrets,
      });
    },
    async remove(caller, id) {
      await world.reach(null);
      const found = stored(caller, id);
      if (found === undefined) return null;
      world.externalActions.splice(world.externalActions.indexOf(found), 1);
      return { ...shown(found), isActive: false };
    },
  };
}

export function fakeExecutions(world: FakeWorld): ApiPorts['executions'] {
  const isMine = ({ organisationId }: Place, actionId: string) =>
    world.externalActions.some((known) => known.id === actionId && known.organisationId === organisationId);
  const ofAction = (caller: Caller, actionId: string) =>
    ofCaller(world.executions, caller).filter((row) => row.externalActionId === actionId);

  return {
    list: (caller, actionId, { states, from, to, conversation }, page) =>
      !isMine(caller, actionId)
        ? world.reach(null)
        : world.page(
            ofAction(caller, actionId).filter(
              (row) =>
                (states === undefined || states.includes(row.state)) &&
                (from === undefined || row.plannedAt >= from) &&
                (to === undefined || row.plannedAt < to) &&
                (conversation === undefined || row.conversationId === conversation),
            ),
            page,
          ),
    read: (caller, actionId, id) =>
      world.reach(ofAction(caller, actionId).find((row) => row.id === id) ?? null),
    async planTest(caller, actionId, { message, variables }) {
      await world.reach(null);
      if (!isMine(caller, actionId)) return null;
      const more = { message, arguments: variables, origin: 'test', state: 'planned' } as const;
      return { callId: makeExecution(world, caller.organisationId, actionId, more).id };
    },
    async planReplay(caller, actionId, id) {
      await world.reach(null);
      const row = ofAction(caller, actionId).find((known) => known.id === id);
      if (row === undefined) return { kind: 'unknown' };
      if (!hasEnded(row.state) || row.state === 'cancelled')
        return { kind: 'not_replayable', state: row.state };
      const { id: _, ...same } = row;
      const more = { ...same, origin: 'replay', state: 'planned', replayOf: id } as const;
      return { kind: 'planned', callId: makeExecution(world, caller.organisationId, actionId, more).id };
    },
    async abandon(_caller, id, reason) {
      const row = world.executions.find((known) => known.id === id);
      if (row?.state === 'planned') Object.assign(row, { state: 'cancelled', error: reason });
      await world.reach(null);
    },
  };
}

/** Runs a trial as the world's tests say; without a word from them it succeeds at once. */
export function fakeTrials(world: FakeWorld): ApiPorts['trials'] {
  return {
    run(input, patienceMs) {
      world.trials.push({ input, patienceMs });
      if (!world.temporal) return Promise.resolve('not_started');
      const row = world.executions.find(({ id }) => id === input.callId);
      return Promise.resolve(row === undefined ? 'ended' : world.runTrial(row, input));
    },
  };
}

export function makeExternalAction(
  world: FakeWorld,
  organisationId: string,
  { secrets, ...action }: NewExternalAction,
): Stored {
  const statistics = { executions: 0, successes: 0, failures: 0, lastExecutedAt: null };
  const made = {
    organisationId,
    id: randomUUID(),
    version: 1,
    ...action,
    secrets: secrets as Record<string, string>,
    secretsSet: Object.keys(secrets).sort(),
    statistics: { ...statistics, averageResponseTimeMs: null },
    createdAt: world.now,
    updatedAt: world.now,
  };
  world.externalActions.push(made);
  return made;
}

export function makeExecution(
  world: FakeWorld,
  organisationId: string,
  externalActionId: string,
  more: Partial<Execution>,
): Execution {
  const id = randomUUID();
  const none = { conversationId: null, phone: null, confidence: null, request: null, response: null };
  const made: Execution = {
    id,
    externalActionId,
    version: 1,
    origin: 'conversation',
    ...none,
    message: 'Order it',
    arguments: {},
    missing: [],
    statusCode: null,
    state: 'succeeded',
    error: null,
    durationMs: 12,
    attempts: 1,
    idempotencyKey: `key-${id}`,
    replayOf: null,
    plannedAt: world.now,
    ...more,
  };
  world.executions.push(Object.assign(made, { organisationId }));
  return made;
}

/** An action as a new organisation has one. */
export function anyAction(channelIntegrationId: string): NewExternalAction {
  const named = { actionName: 'order', displayName: 'Order', webhookUrl: 'https://hooks.example.com/order' };
  const definition = { ...DEFAULT_EXTERNAL_ACTION, trainingExamples: [], variables: [], ...named };
  return { channelIntegrationId, isActive: true, definition, secrets: {} };
}

function shown({ organisationId: _, secrets: __, ...record }: Stored): ExternalActionRecord {
  return record;
}
