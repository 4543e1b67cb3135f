/** The languages the seeded examples are written in. */
export type Language = 'en' | 'ar' | 'id';

const ARABIC_MARKS = /[\u064b-\u065f\u0670\u0640]/g;

/**
 * Lower case, Arabic without vowel marks and with one spelling of alef, ya and ta marbuta, Arabic-Indic digits as
 * ASCII, typographic apostrophes as plain ones: the form in which all word lists here are written.
 */
export function normalised(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\u2018\u2019]/g, "'")
    .replace(ARABIC_MARKS, '')
    .replace(/[أإآ]/g, 'ا')
    .replace(/ى/g, 'ي')
    .replace(/ة/g, 'ه')
    .replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x0660));
}

const STOP_WORDS = new Set(
  (
    'a an the is are was be am i my me we our you your it its this that to of in on at for from with and or do does ' +
    'did can could would will please want need like have has get got about there not no so if any some how what when ' +
    'where which who why ' +
    'saya aku anda kamu yang di ke dari untuk dengan dan atau ini itu mau ingin bisa tolong mohon ada apa adalah ' +
    'tidak ya kah nya sudah belum akan pada juga ' +
    'انا انت هو هي من في علي الي عن مع هل ما ماذا هذا هذه اريد ان او و لا كيف متي اين لي لو سمحت من فضلك'
  ).split(' '),
);

/** The words that carry meaning, normalised: no stop words, Arabic without its article, English plurals cut. */
export function keywords(text: string): string[] {
  const words = normalised(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word) && (word.length > 1 || /\d/.test(word))).map(stem);
}

function stem(word: string): string {
  if (/^[\u0600-\u06ff]/.test(word))
    return word.replace(/^(?:وال|بال|لل|ال)(?=.{2})/, '').replace(/(?:ي|ه)$/, '');
  return word.replace(/(?<=\w{3})(?:nya|ies|es|s|ing|ed)$/, '');
}

const SIGNS: Record<'en' | 'id', RegExp> = {
  en: /\b(?:the|is|are|my|i|i'm|you|your|what|where|when|how|can|please|hello|hi|hey|thanks?|thank|want|need|order|refund|good|this|it|have|not|with|about|price|much|name|human|bye)\b/g,
  id: /\b(?:saya|aku|kamu|anda|yang|tidak|nggak|gak|mau|ingin|bisa|kapan|dimana|mana|pesanan|terima|kasih|makasih|halo|hai|selamat|tolong|berapa|nama|ini|itu|dan|dengan|untuk|sudah|belum|apa|apakah|ada|harga|bayar|tagihan|orang|bicara|dong|kak|buat|buatkan|tiket)\b/g,
};

/** The language of the newest text that shows one, newest first; English when none does. */
export function languageOf(newestFirst: Iterable<string>): Language {
  for (const text of newestFirst) {
    if (/[\u0600-\u06ff]/.test(text)) return 'ar';
    const plain = normalised(text);
    const english = plain.match(SIGNS.en)?.length ?? 0;
    const indonesian = plain.match(SIGNS.id)?.length ?? 0;
    if (english !== indonesian) return indonesian > english ? 'id' : 'en';
  }
  return 'en';
}
