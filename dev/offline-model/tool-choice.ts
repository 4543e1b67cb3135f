import type { ChatRequest, ChatTool, JsonSchema } from './chat-request.ts';
import { PHRASES } from './phrases.ts';
import { customerName, numberIn, type Reading } from './reading.ts';
import { disclosed } from './reply.ts';
import { fill, resolvedSchema } from './schema-filling.ts';
import { topicsOf } from './topics.ts';
import { coverage, subjectOf, valueFrom } from './variables.ts';
import { normalised } from './words.ts';

export interface ChosenCall {
  name: string;
  arguments: string;
}

/** Words that ask for a kind of tool; the kind is read off the tool's own name. */
const CREATE =
  /\b(?:create|open|make|file|raise|submit|add|new|buat|buatkan|bikin|buka|ajukan|tambah\w*)\b|(?:انشئ|انشاء|افتح|فتح|اعمل|سجل|قدم|اضف)/;
const UPDATE =
  /\b(?:update|change|edit|set|rename|move|ubah|ganti|perbarui|pindah\w*)\b|(?:حدث|تحديث|غير|تغيير|عدل|تعديل)/;
const OBJECTS: [RegExp, RegExp][] = [
  [/ticket/, /\b(?:tickets?|tiket)\b|تذكره|تذكرتي/],
  [/deal/, /\b(?:deals?|penawaran|kesepakatan)\b|صفقه|صفقتي/],
];
const WHOLE: [RegExp, RegExp][] = [
  [
    /resolve|close/,
    /\b(?:close|resolve|end) (?:this|the|my)? ?(?:chat|conversation|room|case)\b|\b(?:tutup|selesaikan|akhiri) (?:percakapan|obrolan|chat)\b|(?:اغلق|انه|اقفل) (?:المحادثه|الدردشه)/,
  ],
  [/tag|label/, /\b(?:tag|label|tandai)\b|وسم/],
  [
    /action_request|approval/,
    /\b(?:approv\w+|ask (?:a|your) (?:manager|supervisor)|refund|persetujuan|setujui|pengembalian dana)\b|موافقه|استرداد/,
  ],
];
const NAME_IN_WORDS = 0.99;

/** The call the customer's unanswered messages ask for, if a tool on offer fits; or the one that is demanded. */
export function chooseTool(request: ChatRequest, reading: Reading): ChosenCall | undefined {
  const { tools = [], tool_choice: choice } = request;
  if (tools.length === 0 || choice === 'none') return undefined;
  const text = reading.newest.join('\n');
  const demanded =
    typeof choice === 'object'
      ? tools.find((tool) => tool.function.name === choice.function.name)
      : undefined;
  const chosen =
    demanded ??
    tools.find((tool) => isAskedFor(tool, text)) ??
    (choice === 'required' ? tools[0] : undefined);
  if (chosen === undefined) return undefined;
  const { name } = chosen.function;
  return { name, arguments: JSON.stringify(argumentsFor(chosen, text, reading)) };
}

function isAskedFor(tool: ChatTool, text: string): boolean {
  const { name } = tool.function;
  const plain = normalised(text);
  const object = OBJECTS.find(([inName]) => inName.test(name));
  if (object !== undefined) {
    const asks = name.includes('update') ? UPDATE : CREATE;
    return object[1].test(plain) && asks.test(plain);
  }
  if (/assign|handover|transfer/.test(name)) return topicsOf(text).includes('human');
  const whole = WHOLE.find(([inName]) => inName.test(name));
  if (whole !== undefined) return whole[1].test(plain);
  const words = name.replaceAll(/[_-]+/g, ' ');
  return words.includes(' ') && coverage(text, words) >= NAME_IN_WORDS;
}

function argumentsFor(tool: ChatTool, text: string, reading: Reading): unknown {
  const { parameters = {} }: { parameters?: JsonSchema } = tool.function;
  const subject = subjectOf(text);
  const whole = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return fill(parameters, (name, given) => {
    const schema = resolvedSchema(given, parameters);
    const types = schema.type === undefined ? [] : [schema.type].flat();
    if (schema.enum !== undefined) return valueFrom(text, { name, options: schema.enum }, reading);
    if (name === 'closing_message') return lastWords(tool.function.name, reading);
    if (name === 'tags') return types.includes('array') ? tagsIn(text) : tagsIn(text)?.join(',');
    if (/(?:^|_)(?:name|title|subject)$/.test(name) && !/customer|contact/.test(name)) {
      return subject ?? (parameters.required?.includes(name) ? whole : undefined);
    }
    if (/customer_name|contact_name/.test(name)) return customerName(reading);
    if (/details|description|reason|message|notes?$/.test(name)) return text;
    if (/(?:^|_)id$/.test(name))
      return types.includes('string') ? numberIn(text) : Number(numberIn(text) ?? Number.NaN) || undefined;
    if (name === 'request_type') return 'customer_request';
    const type = types.find((one) => one !== 'null');
    return type === 'string' || type === undefined
      ? undefined
      : valueFrom(text, { name, type, description: schema.description }, reading);
  });
}

/** What the agent says last goes to the customer, so it is nothing the customer said. */
function lastWords(tool: string, reading: Reading): string {
  const { handsOver, simple } = PHRASES[reading.language];
  return disclosed(reading, /resolve|close/.test(tool) ? simple.bye : handsOver);
}

const TAGS =
  /(?:\b(?:tag|label|tandai)\b|وسم)(?:\s+(?:this|it|the|chat|conversation|ini|percakapan|as|with|dengan|sebagai))*[\s:]+(.+)$/iu;

function tagsIn(text: string): string[] | undefined {
  const named = TAGS.exec(text)?.[1] ?? subjectOf(text);
  const tags = named
    ?.split(/,| and | dan /u)
    .map((tag) => tag.replace(/^["'“«\s]+|["'”».!\s]+$/gu, ''))
    .filter(Boolean);
  return tags?.length ? tags : undefined;
}
