import { nameIn, numberIn, type Reading } from './reading.ts';
import { normalised } from './words.ts';

/** What a message can be about. The order is the order in which an answer takes them up. */
export type Topic =
  | 'greeting'
  | 'name_told'
  | 'name_asked'
  | 'said_before'
  | 'identity'
  | 'human'
  | 'billing'
  | 'technical'
  | 'order'
  | 'product'
  | 'attachment'
  | 'thanks'
  | 'bye';

/** Word lists of the stand-in alone, in normalised form: the product itself matches nothing by words. */
const SIGNS: [Topic, RegExp][] = [
  [
    'greeting',
    /^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening)|halo|hai|selamat (?:pagi|siang|sore|malam)|assalam\w*)\b|^\W*(?:مرحبا|اهلا|السلام عليكم|صباح الخير|مساء الخير|هلا)/,
  ],
  [
    'name_asked',
    /\b(?:what(?:'s| is)|(?:do you )?(?:know|remember)) my name\b|\bsiapa (?:nama (?:saya|aku)|namaku)\b|\b(?:nama saya|namaku) siapa\b|ما (?:هو )?اسمي|هل تعرف اسمي/,
  ],
  [
    'said_before',
    /\bwhat did i (?:say|ask|write|tell)\b|\bapa yang (?:tadi )?(?:saya|aku) (?:tanya|bilang|tulis|katakan)|ماذا (?:قلت|سالت|كتبت)/,
  ],
  [
    'identity',
    /\bare you (?:a |an )?(?:real |actual )?(?:human|person|bot|robot|machine|ai)\b|\b(?:apakah )?(?:kamu|anda) (?:ini )?(?:manusia|orang|bot|robot|mesin)\b|هل انت (?:انسان|بشر|شخص|روبوت|بوت|اله)/,
  ],
  [
    'human',
    /\b(?:talk|speak|connect me|transfer me|chat)\b.{0,25}\b(?:human|person|someone|somebody|agent|representative|operator|manager|supervisor|people)\b|\b(?:want|need|get me|give me)\b.{0,12}\b(?:human|person|agent|representative)\b|\bhuman (?:please|agent)\b|\b(?:bicara|ngobrol|hubungkan|sambungkan|berbicara)\b.{0,25}\b(?:orang|manusia|petugas|agen|cs|operator|admin|staf)\b|\borang asli\b|\bpetugas manusia\b|(?:اتحدث|التحدث|اتكلم|تكلم|التكلم|حولني|كلم).{0,25}(?:شخص|موظف|انسان|بشري|ممثل|احد)/,
  ],
  [
    'billing',
    /\b(?:refund(?:s|ed)?|invoices?|charged?|charges|payments?|paid|pay|bills?|billing|money back|subscription)\b|\b(?:tagihan|pembayaran|bayar|dibayar|membayar|uang|faktur|langganan|pengembalian dana|kembalikan dana)\b|استرداد|استرجاع|فاتوره|فواتير|الدفع|دفعت|دفع|رسوم|مبلغ|اشتراك|نقود|اموال/,
  ],
  [
    'technical',
    /\b(?:errors?|bugs?|crash(?:es|ed)?|broken|not working|doesn't work|does not work|log ?in|sign in|password|freez\w+)\b|\b(?:rusak|eror|gagal|tidak berfungsi|tidak jalan|kata sandi|macet|aplikasinya)\b|عطل|معطل|خطا|لا يعمل|لا تعمل|كلمه المرور|تسجيل الدخول/,
  ],
  [
    'order',
    /\b(?:orders?|ordered|deliver(?:y|ed)?|shipping|shipped|shipment|parcel|package|track(?:ing)?|arrive[ds]?)\b|\b(?:pesanan(?:ku)?|paket|kirim|dikirim|pengiriman|kiriman|lacak|resi)\b|طلبي|طلبيه|طلبيتي|الطلب|طلب رقم|شحن|توصيل|تتبع/,
  ],
  [
    'product',
    /\b(?:prices?|cost|costs|how much|buy|purchase|discounts?|products?|catalog(?:ue)?|in stock|available|sell|recommend)\b|\b(?:harga(?:nya)?|berapa|beli|membeli|produk|diskon|stok|tersedia|jual|promo|katalog)\b|سعر|اسعار|بكم|شراء|اشتري|منتج|خصم|تخفيض|متوفر|كتالوج/,
  ],
  [
    'attachment',
    // As the product describes what is not text, and what it could not be told the words of.
    /^\[(?!audio[^\n]*, transcript: )(?:image|audio|video|document|sticker|location|a message of a kind)\b/,
  ],
  ['thanks', /\b(?:thanks?|thank you|thx|terima ?kasih|makasih)\b|شكرا|اشكرك/],
  ['bye', /\b(?:bye|goodbye|see you|sampai jumpa|dadah)\b|مع السلامه|الي اللقاء/],
];

/** Topics whose cases go by a number. */
export const NUMBERED: Topic[] = ['order', 'billing'];

/** What one message is about; empty when no rule knows. */
export function topicsOf(text: string): Topic[] {
  const plain = normalised(text);
  const found = SIGNS.filter(([, sign]) => sign.test(plain)).map(([topic]) => topic);
  if (found.includes('name_asked')) return found;
  return nameIn(text) === undefined ? found : [...found, 'name_told'];
}

/**
 * What the unanswered messages are about, each topic once. A bare number, sent after a question about an order or a
 * payment, belongs to that.
 */
export function newestTopics(reading: Reading): Topic[] {
  const topics = new Set(reading.newest.flatMap(topicsOf));
  if (topics.size > 0) return ORDER.filter((topic) => topics.has(topic));
  if (!reading.newest.some((text) => numberIn(text) !== undefined)) return [];
  for (const text of reading.earlier.toReversed()) {
    const before = topicsOf(text).find((topic) => NUMBERED.includes(topic));
    if (before !== undefined) return [before];
  }
  return [];
}

const ORDER: Topic[] = [
  'greeting',
  'name_told',
  ...SIGNS.map(([topic]) => topic).filter((topic) => topic !== 'greeting'),
];
