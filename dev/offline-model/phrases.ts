import type { Topic } from './topics.ts';
import type { Language } from './words.ts';

/** Every sentence the stand-in can say. `{name}`, `{number}` and `{text}` are filled in. */
export interface Phrases {
  disclosure: string;
  hello: string;
  help: string;
  simple: Record<
    Extract<
      Topic,
      'human' | 'billing' | 'technical' | 'product' | 'attachment' | 'thanks' | 'bye' | 'identity'
    >,
    string
  >;
  pictureShown: string;
  notReceived: string;
  orderKnown: string;
  orderUnknown: string;
  nameTold: string;
  nameKnown: string;
  nameUnknown: string;
  saidBefore: string;
  saidNothing: string;
  noted: string;
  done: string;
  failed: string;
  unsure: string;
  ticket: string;
  deal: string;
  created: string;
  updated: string;
  assigned: string;
  queued: string;
  handsOver: string;
  ask: string;
  confirm: string;
  confirmAgain: string;
  declined: string;
  approved: string;
  denied: string;
  waits: string;
}

export const PHRASES: Record<Language, Phrases> = {
  en: {
    disclosure: 'This is the offline stand-in: no language model is connected, I answer by simple rules.',
    hello: 'Hello{name}!',
    help: 'How can I help you?',
    simple: {
      human: 'I understand that you would like to talk to a person.',
      billing:
        'This is about a payment or a refund. I cannot move money myself; a colleague has to confirm that.',
      technical:
        'That sounds like a technical problem. Please tell me what you did and which message you saw.',
      product: 'You are asking about a product or a price. I have no catalogue at hand; which product is it?',
      attachment: 'I cannot open what you sent; please tell me in words.',
      thanks: 'You are welcome!',
      bye: 'Goodbye, and have a good day.',
      identity:
        'I am not a person: I am an automated assistant, and at the moment only its offline stand-in.',
    },
    pictureShown: 'I was shown a picture ({text}) but cannot see: please tell me in words what is on it.',
    notReceived: 'I did not get what you sent: {text}. Please send it in another way, or tell me in words.',
    orderKnown:
      'You are asking about order {number}. I cannot look into an order system from here; a colleague can.',
    orderUnknown: 'Which order is it? Please send me the order number.',
    nameTold: 'Nice to meet you, {text}.',
    nameKnown: 'Your name is {text}.',
    nameUnknown: 'You have not told me your name yet.',
    saidBefore: 'Before this you wrote: “{text}”.',
    saidNothing: 'This is your first message.',
    noted:
      'I have read: “{text}”. I have no rule for that; please ask about an order, a payment, a product or a technical problem.',
    done: 'Done: {text}.',
    failed: 'That did not work: {text}.',
    unsure: 'I cannot tell whether that worked; a colleague will look into it.',
    ticket: 'Ticket',
    deal: 'Deal',
    created: '{what} {id} was created.',
    updated: '{what} {id} was updated.',
    assigned: 'A colleague takes over from here.',
    queued: 'None of my colleagues is there right now; the first who is takes over.',
    handsOver: 'I am passing you on to a colleague, who will answer you here.',
    ask: 'For “{action}” I still need: {missing}.',
    confirm: 'Shall I do “{action}”? Please answer yes or no.',
    confirmAgain: 'I have done “{action}” before. Shall I do it once more? Please answer yes or no.',
    declined: 'All right: I have not done “{action}”.',
    approved: 'A colleague has agreed to your request.',
    denied: 'A colleague has not agreed to your request.',
    waits: 'A colleague has to agree to this first. You will hear from me as soon as it is decided.',
  },
  id: {
    disclosure:
      'Ini pengganti luring: tidak ada model bahasa yang tersambung, saya menjawab dengan aturan sederhana.',
    hello: 'Halo{name}!',
    help: 'Ada yang bisa saya bantu?',
    simple: {
      human: 'Saya mengerti bahwa Anda ingin berbicara dengan petugas manusia.',
      billing:
        'Ini soal pembayaran atau pengembalian dana. Saya tidak dapat memindahkan uang; rekan kami harus mengonfirmasinya.',
      technical:
        'Sepertinya ini masalah teknis. Mohon ceritakan apa yang Anda lakukan dan pesan apa yang muncul.',
      product: 'Anda menanyakan produk atau harga. Saya tidak punya katalog di sini; produk yang mana?',
      attachment: 'Saya tidak bisa membuka kiriman Anda; mohon ceritakan dengan kata-kata.',
      thanks: 'Sama-sama!',
      bye: 'Sampai jumpa, semoga hari Anda menyenangkan.',
      identity: 'Saya bukan manusia: saya asisten otomatis, dan saat ini hanya pengganti luringnya.',
    },
    pictureShown:
      'Saya menerima gambar ({text}) tetapi tidak dapat melihatnya: mohon ceritakan isinya dengan kata-kata.',
    notReceived:
      'Kiriman Anda tidak saya terima. Mohon kirimkan dengan cara lain, atau ceritakan dengan kata-kata.',
    orderKnown:
      'Anda menanyakan pesanan {number}. Saya tidak bisa melihat sistem pesanan dari sini; rekan kami bisa.',
    orderUnknown: 'Pesanan yang mana? Mohon kirimkan nomor pesanannya.',
    nameTold: 'Senang berkenalan, {text}.',
    nameKnown: 'Nama Anda {text}.',
    nameUnknown: 'Anda belum memberi tahu nama Anda.',
    saidBefore: 'Sebelumnya Anda menulis: “{text}”.',
    saidNothing: 'Ini pesan pertama Anda.',
    noted:
      'Saya sudah membaca: “{text}”. Saya tidak punya aturan untuk itu; silakan tanya tentang pesanan, pembayaran, produk, atau masalah teknis.',
    done: 'Selesai: {text}.',
    failed: 'Itu tidak berhasil: {text}.',
    unsure: 'Saya tidak dapat memastikan apakah itu berhasil; rekan kami akan memeriksanya.',
    ticket: 'Tiket',
    deal: 'Penawaran',
    created: '{what} {id} telah dibuat.',
    updated: '{what} {id} telah diperbarui.',
    assigned: 'Mulai sekarang rekan kami yang melayani Anda.',
    queued: 'Saat ini belum ada rekan kami yang tersedia; yang pertama tersedia akan melayani Anda.',
    handsOver: 'Saya teruskan Anda kepada rekan kami, yang akan menjawab di sini.',
    ask: 'Untuk “{action}” saya masih memerlukan: {missing}.',
    confirm: 'Apakah saya boleh menjalankan “{action}”? Jawab ya atau tidak.',
    confirmAgain: 'Saya sudah menjalankan “{action}” sebelumnya. Jalankan sekali lagi? Jawab ya atau tidak.',
    declined: 'Baik: “{action}” tidak saya lakukan.',
    approved: 'Rekan kami menyetujui permintaan Anda.',
    denied: 'Rekan kami tidak menyetujui permintaan Anda.',
    waits: 'Rekan kami harus menyetujui ini dahulu. Saya kabari begitu diputuskan.',
  },
  ar: {
    disclosure: 'هذا هو البديل غير المتصل: لا يوجد نموذج لغوي متصل، وأجيب بقواعد بسيطة.',
    hello: 'مرحبًا{name}!',
    help: 'كيف يمكنني مساعدتك؟',
    simple: {
      human: 'أفهم أنك تريد التحدث إلى شخص حقيقي.',
      billing:
        'هذا يتعلق بدفعة أو باسترداد مبلغ. لا أستطيع تحويل الأموال بنفسي، ويجب أن يؤكد ذلك أحد زملائنا.',
      technical: 'يبدو أنها مشكلة تقنية. من فضلك أخبرني بما فعلته وبالرسالة التي ظهرت لك.',
      product: 'أنت تسأل عن منتج أو سعر. لا يوجد لديّ كتالوج هنا، فأي منتج تقصد؟',
      attachment: 'لا أستطيع فتح ما أرسلته، فأخبرني به بالكلمات من فضلك.',
      thanks: 'على الرحب والسعة!',
      bye: 'مع السلامة، أتمنى لك يومًا سعيدًا.',
      identity: 'لست إنسانًا: أنا مساعد آلي، وفي الوقت الحالي مجرد بديله غير المتصل.',
    },
    pictureShown: 'وصلتني صورة ({text}) لكنني لا أستطيع الرؤية، فأخبرني بما فيها بالكلمات من فضلك.',
    notReceived: 'لم يصلني ما أرسلته، فأرسله بطريقة أخرى أو أخبرني بالكلمات من فضلك.',
    orderKnown:
      'أنت تسأل عن الطلب {number}. لا أستطيع الاطلاع على نظام الطلبات من هنا، ويمكن لأحد زملائنا ذلك.',
    orderUnknown: 'أي طلب تقصد؟ أرسل لي رقم الطلب من فضلك.',
    nameTold: 'تشرفت بمعرفتك يا {text}.',
    nameKnown: 'اسمك {text}.',
    nameUnknown: 'لم تخبرني باسمك بعد.',
    saidBefore: 'كتبتَ قبل ذلك: «{text}».',
    saidNothing: 'هذه أول رسالة منك.',
    noted: 'قرأت: «{text}». ليست لديّ قاعدة لذلك، فاسألني عن طلب أو دفعة أو منتج أو مشكلة تقنية.',
    done: 'تم: {text}.',
    failed: 'لم ينجح ذلك: {text}.',
    unsure: 'لا أستطيع الجزم بأن ذلك نجح، وسيتحقق منه أحد زملائنا.',
    ticket: 'التذكرة',
    deal: 'الصفقة',
    created: 'تم إنشاء {what} رقم {id}.',
    updated: 'تم تحديث {what} رقم {id}.',
    assigned: 'سيتابع معك أحد زملائنا من الآن.',
    queued: 'لا يوجد زميل متاح الآن، وسيتابع معك أول من يصبح متاحًا.',
    handsOver: 'سأحولك إلى أحد زملائنا، وسيرد عليك هنا.',
    ask: 'من أجل «{action}» ما زلت أحتاج إلى: {missing}.',
    confirm: 'هل أنفذ «{action}»؟ أجب بنعم أو لا.',
    confirmAgain: 'لقد نفذت «{action}» من قبل. هل أنفذه مرة أخرى؟ أجب بنعم أو لا.',
    declined: 'حسنًا، لم أنفذ «{action}».',
    approved: 'وافق أحد زملائنا على طلبك.',
    denied: 'لم يوافق أحد زملائنا على طلبك.',
    waits: 'يجب أن يوافق أحد زملائنا على هذا أولًا، وسأكتب إليك فور صدور القرار.',
  },
};

/** Puts values into a phrase; what a value holds is never looked at again. */
export function filled(phrase: string, values: Record<string, string>): string {
  return phrase.replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '');
}

const QUOTED = 200;

/** A quotation, cut where it is long. */
export function shortened(text: string): string {
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
}
