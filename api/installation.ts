import { z } from 'zod';
import { FLAGS, NODE_TYPES } from '../domain/tool.ts';
import type { Gates } from '../domain/tool.ts';
import type { NodeTypeRecord } from './ports.ts';
import { unknown } from './problem.ts';
import { operation } from './route.ts';
import { time } from './shapes.ts';

const systemFlags = z.strictObject({ [FLAGS.rollout]: z.boolean() });

const nodeType = z
  .strictObject({ node_type: z.enum(NODE_TYPES), enabled: z.boolean(), updated_at: time })
  .meta({ id: 'NodeRegistry' });

const byNodeType = z.object({ node_type: z.enum(NODE_TYPES) });

export const readSystemFlags = operation({
  summary: 'What is switched on in the whole installation',
  status: 200,
  answer: systemFlags,
  async run({ caller }, { installation }) {
    return toSystemFlags(await installation.gates(caller));
  },
});

export const setSystemFlags = operation({
  summary: 'Switches on or off for the whole installation',
  body: systemFlags,
  status: 200,
  answer: systemFlags,
  async run({ caller, body }, { installation }) {
    return toSystemFlags(await installation.setSystemFlags(caller, body));
  },
});

export const listNodeTypes = operation({
  summary: 'The node types, and whether each may be used at all',
  status: 200,
  answer: z.strictObject({ data: z.array(nodeType) }),
  async run({ caller }, { installation }) {
    return { data: (await installation.nodeTypes(caller)).map(toNodeType) };
  },
});

export const readNodeType = operation({
  summary: 'Whether a node type may be used at all',
  params: byNodeType,
  status: 200,
  answer: nodeType,
  async run({ caller, params }, { installation }) {
    const all = await installation.nodeTypes(caller);
    const found = all.find((known) => known.nodeType === params.node_type);
    if (found === undefined) throw unknown('node type');
    return toNodeType(found);
  },
});

export const setNodeType = operation({
  summary: 'Switches a node type on or off for every organisation, at once',
  params: byNodeType,
  body: z.strictObject({ enabled: z.boolean() }),
  status: 200,
  answer: nodeType,
  async run({ caller, params, body }, { installation }) {
    return toNodeType(await installation.setNodeType(caller, params.node_type, body.enabled));
  },
});

function toSystemFlags({ systemFlags: on }: Gates): z.input<typeof systemFlags> {
  return { [FLAGS.rollout]: on.has(FLAGS.rollout) };
}

function toNodeType(record: NodeTypeRecord): z.input<typeof nodeType> {
  return {
    node_type: record.nodeType,
    enabled: record.enabled,
    updated_at: record.updatedAt.toISOString(),
  };
}
