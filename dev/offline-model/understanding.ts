import type { JsonSchema } from './chat-request.ts';
import { pendingAnswer, waitingIn, type Waiting } from './pending.ts';
import type { Reading } from './reading.ts';
import { allows, fill, resolvedSchema } from './schema-filling.ts';
import { newestTopics, topicsOf, type Topic } from './topics.ts';
import { coverage, valueFrom, type Wanted } from './variables.ts';

/** An external action as the product lists it, in JSON, in its system prompt. */
interface ListedAction {
  name: string;
  words: string[];
  examples: string[];
  variables: Wanted[];
}

const INTENTS: [Topic, string][] = [
  ['billing', 'billing'],
  ['technical', 'technical'],
  ['product', 'sales'],
  ['order', 'support'],
  ['human', 'support'],
];
/** The most an example, or an action's own name and description, can be worth. */
const SURE = 0.97;
const NAMED = 0.75;
const WORTH_NAMING = 0.3;

/**
 * The structured answer named `understanding`: core intent, whether a person was asked for, and the listed actions
 * that could be meant. Confidence is 0.97 times the share of a training example's keywords that the customer used
 * (0.75 for the words of its name and description). Properties of the schema that no rule knows get empty values.
 */
export function understanding(schema: JsonSchema, reading: Reading): unknown {
  const topics = newestTopics(reading);
  const actions = listedActions(reading.system);
  const waiting = waitingIn(reading.system);
  const given = waiting === undefined ? [] : valuesFor(waiting, actions, reading);
  const found = candidatesIn(actions, reading);
  if (waiting !== undefined && given.length > 0 && !found.some(({ action }) => action !== waiting.action)) {
    found.splice(0, Infinity, { action: waiting.action, confidence: SURE, variables: given });
  }
  return fill(schema, (name, property) => {
    switch (name) {
      case 'core_intent':
        return coreIntent(topics, reading);
      case 'wants_human':
        return topics.includes('human');
      case 'candidates':
        return candidates(resolvedSchema(property.items ?? {}, schema), found);
      case 'pending_answer':
        return waiting === undefined
          ? undefined
          : pendingAnswer(reading.newest.join('\n'), isAbout(waiting, found));
      default:
        return undefined;
    }
  });
}

function coreIntent(topics: Topic[], reading: Reading): string {
  const told = INTENTS.find(([topic]) => topics.includes(topic))?.[1];
  if (told !== undefined || topics.length > 0) return told ?? 'general';
  // A message no rule knows goes on with what the customer was last about.
  for (const text of reading.earlier.slice(-3).reverse()) {
    const before = topicsOf(text);
    const intent = INTENTS.find(([topic]) => before.includes(topic))?.[1];
    if (intent !== undefined) return intent;
  }
  return 'general';
}

interface Found {
  action: string;
  confidence: number;
  variables: { name: string; value: unknown }[];
}

function candidatesIn(actions: ListedAction[], reading: Reading): Found[] {
  const text = reading.newest.join('\n');
  return actions.flatMap((action) => {
    const byExample = Math.max(0, ...action.examples.map((example) => SURE * coverage(text, example)));
    const byName = Math.max(0, ...action.words.map((words) => NAMED * coverage(text, words)));
    const confidence = Math.round(Math.max(byExample, byName) * 100) / 100;
    if (confidence < WORTH_NAMING) return [];
    return [{ action: action.name, confidence, variables: valuesIn(text, action.variables, reading) }];
  });
}

function valuesIn(text: string, variables: Wanted[], reading: Reading): Found['variables'] {
  return variables
    .map((wanted) => ({ name: wanted.name, value: valueFrom(text, wanted, reading) }))
    .filter((variable) => variable.value !== undefined);
}

/**
 * Values for the action that waits. Where values were asked for, only those, and a message that no rule knows is the
 * text that is missing; where agreement was asked for, only what looks like a correction: a number, a day, a choice.
 */
function valuesFor(waiting: Waiting, actions: ListedAction[], reading: Reading): Found['variables'] {
  const text = reading.newest.join('\n');
  const variables = actions.find(({ name }) => name === waiting.action)?.variables ?? [];
  if (!waiting.gathering) {
    const corrections = valuesIn(text, variables, reading);
    return corrections.filter(({ value }) => typeof value !== 'string' || /\d/.test(value));
  }
  const missing = variables.filter(({ name }) => waiting.missing.includes(name));
  const values = valuesIn(text, missing, reading);
  const [only, ...others] = missing.filter(({ type }) => type === undefined || type === 'text');
  const isBare = values.length === 0 && others.length === 0 && newestTopics(reading).length === 0;
  if (only === undefined || !isBare || /[?؟]\s*$/.test(text) || pendingAnswer(text, false) !== 'other')
    return values;
  return [{ name: only.name, value: text.trim() }];
}

function isAbout(waiting: Waiting, found: Found[]): boolean {
  return found.some(({ action, variables }) => action === waiting.action && variables.length > 0);
}

function candidates(item: JsonSchema, found: Found[]): unknown[] {
  return found.map(({ action, confidence, variables }) =>
    fill(item, (name, property) => {
      if (name === 'action' || name === 'action_name' || name === 'name') return action;
      if (name === 'confidence') return confidence;
      if (name === 'variables') return variablesAs(property, item, variables);
      return undefined;
    }),
  );
}

/** Variables in the form the schema asks for: a list of {name, value}, JSON in a string, or an object. */
function variablesAs(
  property: JsonSchema,
  root: JsonSchema,
  values: { name: string; value: unknown }[],
): unknown {
  const asObject = Object.fromEntries(values.map(({ name, value }) => [name, value]));
  if (allows(property, 'string')) return JSON.stringify(asObject);
  if (!allows(property, 'array')) {
    if (property.properties === undefined) return asObject;
    return fill(property, (name) => asObject[name]);
  }
  const entry = resolvedSchema(property.items ?? {}, root);
  return values.map(({ name, value }) => {
    const allowed = resolvedSchema(entry.properties?.value ?? {}, root);
    const asText = allowed.type !== undefined && !allows(allowed, typeof value) && allows(allowed, 'string');
    return { name, value: asText ? String(value) : value };
  });
}

/** Objects with a name and a description, found in the JSON that the prompt contains. */
function listedActions(system: string): ListedAction[] {
  const actions = new Map<string, ListedAction>();
  for (const value of jsonIn(system)) collect(value, actions);
  return [...actions.values()];
}

function collect(value: unknown, into: Map<string, ListedAction>): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, into);
    return;
  }
  const fields = value as Record<string, unknown>;
  const name = fields.action ?? fields.action_name ?? fields.name;
  const described =
    fields.description !== undefined ||
    fields.examples !== undefined ||
    fields.training_examples !== undefined;
  if (typeof name !== 'string' || !described) {
    for (const inner of Object.values(fields)) collect(inner, into);
    return;
  }
  const words = [name.replaceAll('_', ' '), fields.display_name, fields.description];
  into.set(name, {
    name,
    words: words.filter((text): text is string => typeof text === 'string'),
    examples: list(fields.examples ?? fields.training_examples).map((example) =>
      typeof example === 'string' ? example : String((example as { text?: unknown } | null)?.text ?? ''),
    ),
    variables: list(fields.variables).map(wantedFrom),
  });
}

function wantedFrom(variable: unknown): Wanted {
  if (typeof variable === 'string') return { name: variable };
  const {
    name,
    type,
    description,
    prompt,
    options,
    enum: values,
  } = (variable ?? {}) as Record<string, unknown>;
  return {
    name: String(name),
    type: typeof type === 'string' ? type : undefined,
    description: [description, prompt].filter((text) => typeof text === 'string').join(' '),
    options: Array.isArray(options) ? options : Array.isArray(values) ? values : undefined,
  };
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Every JSON list or object that stands in a text, outermost ones only. */
function jsonIn(text: string): unknown[] {
  const found = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '[' && text[at] !== '{') continue;
    const end = closing(text, at);
    if (end < 0) continue;
    try {
      found.push(JSON.parse(text.slice(at, end + 1)) as unknown);
      at = end;
    } catch {
      continue; // Brackets of a sentence, not JSON.
    }
  }
  return found;
}

function closing(text: string, from: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const letter = text[at];
    if (quoted) {
      if (letter === '\\') at += 1;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === '[' || letter === '{') depth += 1;
    else if ((letter === ']' || letter === '}') && --depth === 0) return at;
  }
  return -1;
}
