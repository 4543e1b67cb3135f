import { z } from 'zod';
import { completeAgentSettings } from '../domain/agent.ts';
import type { StoredAgentSettings } from '../domain/agent.ts';
import { ruleToShow } from '../domain/idle-rule.ts';
import { CORE_INTENTS } from '../domain/intents.ts';
import type { Gates } from '../domain/tool.ts';
import { refuseWrong } from './agent-problems.ts';
import { idleRule, isSequentialFor, toIdleRule } from './idle-of-agent.ts';
import * as people from './people-of-agent.ts';
import type { AgentRecord } from './ports.ts';
import { unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, pageOf, pageQuery, readable, time, toPage, toPageQuery, words } from './shapes.ts';
import { strangers } from './strangers.ts';
import { agentTools, fromTools, toTools } from './tools-of-agent.ts';

const prompt = readable(words(20_000));

const personality = z.strictObject({ name: readable(words(100)), prompt, tone: words(200).optional() });

const settings = {
  prompt,
  personalities: z.partialRecord(z.enum(CORE_INTENTS), personality),
  wait_time_seconds: z.number().min(0).max(600),
  wait_cap_seconds: z.number().min(0).max(3600),
  regroup: z.boolean(),
  fallback_reply: readable(words(2000)),
  message_limit: z.int().min(1).max(200),
  model: words(100).nullable().meta({ description: "Null: the installation's own" }),
  temperature: z.number().min(0).max(2).nullable().meta({ description: "Null: the model's own" }),
  model_sees_images: z.boolean().meta({ description: 'Whether pictures are shown to it' }),
  tool_assignments: z.array(words(100)).max(50),
  natural_language_escalation: z.boolean(),
  confirmation_timeout_seconds: z.int().min(10).max(86_400).meta({
    description: 'How long a question to the customer stays open before its call is cancelled',
  }),
  action_patience_seconds: z.int().min(1).max(120).meta({
    description: 'How long the customer waits for an external action before hearing that it takes longer',
  }),
  tools: agentTools,
  idle_rule: idleRule,
  ai_agent_sequential_idle: z.boolean().nullable().meta({
    description: "Differs from the organisation's flag; null: as that. An admin's to change",
  }),
  idle_while_assigned: z.boolean().meta({
    description: 'Whether silence counts also while a person has the conversation',
  }),
  business_hours: people.businessHours,
  escalation_rules: people.escalationRules,
  escalation_assignee: people.escalationAssignee,
  escalation_notice: people.escalationNotice,
  ...people.periods,
  approval_reminder_seconds: z.int().min(60).max(604_800).meta({
    description: 'When operators are first reminded of a request that nobody has decided',
  }),
  approval_expiry_seconds: z.int().min(60).max(2_592_000).meta({
    description: 'How long a request to operators waits for a decision',
  }),
  approval_slack_target: people.slackTarget,
  approvals_per_contact_per_day: z.int().min(0).max(1_000).meta({
    description: 'How many requests to operators there may be for one contact within 24 hours',
  }),
};

const name = readable(words(255));
const change = z.strictObject({ name, ...settings }).partial();

const agent = z
  .strictObject({
    id,
    name,
    version: z.int(),
    ...settings,
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Agent' });

export const listAgents = operation({
  summary: 'The agents of the organisation',
  query: pageQuery,
  status: 200,
  answer: pageOf(agent),
  async run({ caller, query }, { settings: agents, installation }) {
    const [page, gates] = await Promise.all([
      agents.agents(caller, toPageQuery(query)),
      installation.gates(caller),
    ]);
    return toPage(page, (record) => toAgent(record, gates));
  },
});

export const readAgent = operation({
  summary: 'One agent with its settings',
  params: byId,
  status: 200,
  answer: agent,
  async run({ caller, params }, { settings: agents, installation }) {
    const record = found(await agents.agent(caller, params.id));
    return toAgent(record, await installation.gates(caller));
  },
});

export const createAgent = operation({
  summary: 'Makes an agent; what is left out gets its default',
  body: change.required({ name: true }),
  status: 201,
  answer: agent,
  async run({ caller, body }, { settings: agents, installation, people: members }) {
    const named = toSettings(body);
    const [gates, unknownPeople] = await Promise.all([
      installation.gates(caller),
      strangers(members, caller, named),
    ]);
    refuseWrong(completeAgentSettings({}), named, { gates, caller, unknownPeople });
    return toAgent(await agents.createAgent(caller, { name: body.name, settings: named }), gates);
  },
});

export const changeAgent = operation({
  summary: 'Changes the settings that are named; conversations follow from their next turn',
  params: byId,
  body: change,
  status: 200,
  answer: agent,
  async run({ caller, params, body }, { settings: agents, installation, people: members }) {
    const named = toSettings(body);
    const before = found(await agents.agent(caller, params.id));
    const [gates, unknownPeople] = await Promise.all([
      installation.gates(caller),
      strangers(members, caller, named),
    ]);
    refuseWrong(before.settings, named, { gates, caller, unknownPeople });
    const changed = { name: body.name, settings: named, cleared: clearedBy(body) };
    return toAgent(found(await agents.updateAgent(caller, params.id, changed)), gates);
  },
});

function found(record: AgentRecord | null): AgentRecord {
  if (record === null) throw unknown('agent');
  return record;
}

function clearedBy({ model, temperature }: z.output<typeof change>): ('model' | 'temperature')[] {
  return [
    ...(model === null ? ['model' as const] : []),
    ...(temperature === null ? ['temperature' as const] : []),
  ];
}

/** Only what was named: an absent member must not overwrite a stored one. */
function toSettings(body: z.output<typeof change>): StoredAgentSettings {
  const all: StoredAgentSettings = {
    prompt: body.prompt,
    personalities: body.personalities,
    waitTimeSeconds: body.wait_time_seconds,
    waitCapSeconds: body.wait_cap_seconds,
    regroup: body.regroup,
    fallbackReply: body.fallback_reply,
    messageLimit: body.message_limit,
    model: body.model ?? undefined,
    temperature: body.temperature ?? undefined,
    modelSeesImages: body.model_sees_images,
    toolAssignments: body.tool_assignments,
    naturalLanguageEscalation: body.natural_language_escalation,
    confirmationTimeoutSeconds: body.confirmation_timeout_seconds,
    actionPatienceSeconds: body.action_patience_seconds,
    tools: body.tools && toTools(body.tools),
    idleRule: toIdleRule(body.idle_rule),
    sequentialIdle: body.ai_agent_sequential_idle,
    idleWhileAssigned: body.idle_while_assigned,
    businessHours: body.business_hours && people.toHours(body.business_hours),
    escalationRules: body.escalation_rules && people.toRules(body.escalation_rules),
    escalationAssignee: body.escalation_assignee,
    escalationNotices: body.escalation_notice && people.toNotices(body.escalation_notice),
    quietPeriodSeconds: body.quiet_period_seconds,
    responseTimeSeconds: body.response_time_seconds,
    approvalReminderSeconds: body.approval_reminder_seconds,
    approvalExpirySeconds: body.approval_expiry_seconds,
    approvalSlackTarget: body.approval_slack_target,
    approvalsPerContactPerDay: body.approvals_per_contact_per_day,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function toAgent(record: AgentRecord, gates: Gates): z.input<typeof agent> {
  const { settings } = record;
  return {
    id: record.id,
    name: record.name,
    version: record.version,
    prompt: settings.prompt,
    personalities: settings.personalities,
    wait_time_seconds: settings.waitTimeSeconds,
    wait_cap_seconds: settings.waitCapSeconds,
    regroup: settings.regroup,
    fallback_reply: settings.fallbackReply,
    message_limit: settings.messageLimit,
    model: settings.model ?? null,
    temperature: settings.temperature ?? null,
    model_sees_images: settings.modelSeesImages,
    tool_assignments: settings.toolAssignments,
    natural_language_escalation: settings.naturalLanguageEscalation,
    confirmation_timeout_seconds: settings.confirmationTimeoutSeconds,
    action_patience_seconds: settings.actionPatienceSeconds,
    tools: fromTools(settings.tools),
    idle_rule: ruleToShow(settings.idleRule, { sequential: isSequentialFor(settings, gates) }),
    ai_agent_sequential_idle: settings.sequentialIdle,
    idle_while_assigned: settings.idleWhileAssigned,
    business_hours: settings.businessHours && people.fromHours(settings.businessHours),
    escalation_rules: settings.escalationRules,
    escalation_assignee: settings.escalationAssignee,
    escalation_notice: people.fromNotices(settings.escalationNotices),
    quiet_period_seconds: settings.quietPeriodSeconds,
    response_time_seconds: settings.responseTimeSeconds,
    approval_reminder_seconds: settings.approvalReminderSeconds,
    approval_expiry_seconds: settings.approvalExpirySeconds,
    approval_slack_target: settings.approvalSlackTarget,
    approvals_per_contact_per_day: settings.approvalsPerContactPerDay,
    created_at: record.createdAt.toISOString(),
    updated_at: record.updatedAt.toISOString(),
  };
}
