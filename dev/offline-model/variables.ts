import { customerName, numberIn, type Reading } from './reading.ts';
import { keywords, normalised } from './words.ts';

/** A value wanted from the customer's words, as an action or a tool describes it. */
export interface Wanted {
  name: string;
  type?: string;
  description?: string;
  /** The only values allowed, when it is one of a list. */
  options?: unknown[];
}

const QUOTED = /["“«']([^"”»']{2,120})["”»']/u;
/** Tried in this order: a name given to it, its subject, what stands behind a colon, a purpose. */
const AFTER = [
  /(?:\b(?:called|named|titled|bernama|berjudul)|باسم|بعنوان)[ \t:]+(.{2,120}?)[.!?؟]*$/iu,
  /(?:\b(?:about|regarding|tentang|soal|mengenai)|(?:^|\s)(?:عن|بخصوص|بشأن))[ \t:]+(.{2,120}?)[.!?؟]*$/iu,
  /:\s+(.{2,120}?)[.!?؟]*$/u,
  /\b(?:(?:name|title) (?:to|as)|menjadi)[ \t]+(.{2,120}?)[.!?]*$/iu,
  /\b(?:for|untuk)[ \t]+(?!(?:me|us|saya|aku|kami)\b)(.{2,120}?)[.!?؟]*$/iu,
];

/** The value a text gives for a wanted variable, by the plainest of rules; undefined when it gives none. */
export function valueFrom(text: string, wanted: Wanted, reading: Reading): unknown {
  const about = normalised(`${wanted.name} ${wanted.description ?? ''}`).replaceAll('_', ' ');
  const plain = normalised(text);
  if (wanted.options !== undefined) {
    return wanted.options.find((option) => typeof option === 'string' && plain.includes(normalised(option)));
  }
  switch (wanted.type) {
    case 'number':
    case 'integer':
    case 'whole_number':
      return numberValue(plain);
    case 'boolean':
    case 'yes_no':
      return yesOrNo(plain);
    case 'date':
      return dateIn(plain);
    default:
      return textValue(text, plain, about, reading);
  }
}

function textValue(text: string, plain: string, about: string, reading: Reading): string | undefined {
  if (/\be-?mail\b/.test(about)) return /[\w.+-]+@[\w-]+\.[\w.-]+\w/.exec(text)?.[0];
  if (/\b(?:phone|mobile|telepon|whatsapp)\b/.test(about)) return /\+?\d[\d -]{6,}\d/.exec(plain)?.[0];
  if (/\b(?:customer|your|full|first) name\b|\bnama (?:anda|pelanggan)\b/.test(about))
    return customerName(reading);
  if (/\b(?:id|number|no|code|nomor|kode|order|invoice|pesanan|resi|booking)\b/.test(about))
    return numberIn(text);
  if (/\b(?:date|day|tanggal|hari)\b/.test(about)) return dateIn(plain);
  if (/\b(?:time|hour|jam|pukul)\b/.test(about))
    return /\b\d{1,2}[:.]\d{2}\b|\b\d{1,2} ?[ap]m\b/.exec(plain)?.[0];
  if (/\b(?:products?|items?|produk|barang)\b|منتج/.test(about)) return wareIn(text) ?? subjectOf(text);
  return subjectOf(text);
}

const END = /(?:\s+(?:please|devices|pieces|dong|ya|tolong|من فضلك|لو سمحت))*[.!?؟]*$/u.source;
const WARES = [
  new RegExp(
    `(?<![\\p{L}\\d.,])\\d+\\s+(?:(?:x|pcs|pieces|units?|buah|قطع|قطعه|قطعة)\\s+(?:of\\s+|من\\s+)?)?(\\p{L}.{1,80}?)${END}`,
    'iu',
  ),
  new RegExp(
    `(?:\\b(?:order(?: for)?|buy|purchase|pesan|memesan|beli|membeli)|(?:^|\\s)(?:شراء|طلب|اطلب|اشتري))\\s+(?:(?:a|an|the|some|me|sebuah)\\s+)?(?!\\p{L}+\\s+\\d+$)(\\p{L}.{1,80}?)${END}`,
    'iu',
  ),
];

/** What is to be bought: behind how many of it, else behind the verb. */
function wareIn(text: string): string | undefined {
  const digits = text.trim().replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x0660));
  for (const pattern of WARES) {
    const ware = pattern.exec(digits)?.[1];
    if (ware !== undefined) return ware.trim();
  }
  return undefined;
}

/** What a request is about: what stands in quotation marks, else what follows "about", "called" and their like. */
export function subjectOf(text: string): string | undefined {
  const quoted = QUOTED.exec(text)?.[1];
  if (quoted !== undefined) return quoted.trim();
  for (const pattern of AFTER) {
    const subject = pattern.exec(text.trim())?.[1];
    if (subject !== undefined) return subject.trim();
  }
  return undefined;
}

function numberValue(plain: string): number | undefined {
  const found = /(?<![\p{L}\d.,])-?\d+(?:[.,]\d+)*/u.exec(plain)?.[0];
  if (found === undefined) return undefined;
  const grouped = /^-?\d{1,3}(?:[.,]\d{3})+$/.test(found);
  return Number(grouped ? found.replace(/[.,]/g, '') : found.replace(',', '.'));
}

function yesOrNo(plain: string): boolean | undefined {
  if (/\b(?:no|not|tidak|bukan|jangan)\b|(?:^|\s)(?:لا|كلا)(?:\s|$)/.test(plain)) return false;
  return /\b(?:yes|yeah|sure|ok|okay|ya|iya|betul|setuju)\b|نعم|اجل|موافق/.test(plain) ? true : undefined;
}

const NEAR_DAYS: [RegExp, number][] = [
  [/\b(?:day after tomorrow|lusa)\b|بعد غد/, 2],
  [/\b(?:tomorrow|besok)\b|(?:^|\s)غدا/, 1],
  [/\b(?:today|hari ini)\b|اليوم/, 0],
];

/** A date as year-month-day: written so, written day/month/year, or named as a near day. */
function dateIn(plain: string): string | undefined {
  const iso = /\b\d{4}-\d{2}-\d{2}\b/.exec(plain)?.[0];
  if (iso !== undefined) return iso;
  const [, day, month, year] = /\b(\d{1,2})\/(\d{1,2})\/(\d{4})\b/.exec(plain) ?? [];
  if (day && month && year) return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const near = NEAR_DAYS.find(([words]) => words.test(plain));
  return near && new Date(Date.now() + near[1] * 86_400_000).toISOString().slice(0, 10);
}

/** How much of `example` the text holds, 0 to 1, by keywords; an example without any counts 0. */
export function coverage(text: string, example: string): number {
  const wanted = new Set(keywords(example));
  if (wanted.size === 0) return 0;
  const had = new Set(keywords(text));
  return [...wanted].filter((word) => had.has(word)).length / wanted.size;
}
