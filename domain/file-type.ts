import { LARGEST_FILE } from './media.ts';
import type { MediaKind, MediaRefusal } from './media.ts';

/** What a file claims to be, and as what it was sent. */
export interface Claimed {
  kind: MediaKind;
  mimeType?: string;
}

export type FileVerdict = { kept: true; mimeType: string } | { kept: false; refusal: MediaRefusal };

/** Pictures that models and browsers show. */
export const PICTURES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/** Documents that are told apart by their claim only: their bytes are those of an archive, or of any old Office file. */
const OFFICE: Readonly<Record<string, 'zip' | 'ole'>> = {
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'zip',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'zip',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'zip',
  'application/msword': 'ole',
  'application/vnd.ms-excel': 'ole',
  'application/vnd.ms-powerpoint': 'ole',
};

const FITTING: Record<MediaKind, RegExp> = {
  image: /^image\//,
  sticker: /^image\//,
  audio: /^audio\//,
  video: /^video\//,
  // People send pictures and recordings as documents too.
  document: /./,
};

/**
 * Whether a file is taken, and as what: its bytes say so, its claim only chooses among what they can be. What is not
 * known here is not taken; scripts, HTML and SVG therefore never are.
 */
export function judgeFile(bytes: Uint8Array, claimed: Claimed): FileVerdict {
  if (bytes.length === 0) return { kept: false, refusal: 'empty' };
  if (bytes.length > LARGEST_FILE) return { kept: false, refusal: 'too_large' };
  const mimeType = typeOf(bytes, claimed);
  if (mimeType === null) return { kept: false, refusal: 'wrong_type' };
  if (!FITTING[claimed.kind].test(mimeType)) return { kept: false, refusal: 'mismatch' };
  return { kept: true, mimeType };
}

function typeOf(bytes: Uint8Array, claimed: Claimed): string | null {
  const claim = (claimed.mimeType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const sound = claimed.kind === 'audio' || claim.startsWith('audio/');
  const container = containerOf(bytes);
  switch (container) {
    case 'zip':
      return OFFICE[claim] === 'zip' && latin(bytes).includes('[Content_Types].xml') ? claim : null;
    case 'ole':
      return OFFICE[claim] === 'ole' ? claim : null;
    case 'mp4':
      return sound ? 'audio/mp4' : claim === 'video/3gpp' ? claim : 'video/mp4';
    case 'webm':
      return sound ? 'audio/webm' : 'video/webm';
    case null:
      return isPlainText(bytes) ? (claim === 'text/csv' ? claim : 'text/plain') : null;
    default:
      return container;
  }
}

/** Where in the file which bytes stand, and what they tell. */
const SIGNS: readonly [mimeType: string, at: number, sign: string][] = [
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF87a'],
  ['image/gif', 0, 'GIF89a'],
  ['image/webp', 8, 'WEBP'],
  ['audio/wav', 8, 'WAVE'],
  ['audio/ogg', 0, 'OggS'],
  ['audio/mpeg', 0, 'ID3'],
  ['audio/flac', 0, 'fLaC'],
  ['audio/amr', 0, '#!AMR'],
  ['application/pdf', 0, '%PDF-'],
  ['mp4', 4, 'ftyp'],
  ['webm', 0, '\x1a\x45\xdf\xa3'],
  ['zip', 0, 'PK\x03\x04'],
  ['ole', 0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
];

/** A MIME type, or the container that several types share; null: nothing known begins so. */
function containerOf(bytes: Uint8Array): string | null {
  const head = latin(bytes.subarray(0, 16));
  const found = SIGNS.find(([, at, sign]) => head.startsWith(sign, at));
  if (found === undefined) return frameOfSound(bytes);
  const [mimeType, at] = found;
  // Both share a frame whose own sign stands before theirs.
  return at === 8 && !head.startsWith('RIFF') ? null : mimeType;
}

/** MPEG audio begins with eleven set bits; layer and version tell MP3 from AAC. */
function frameOfSound([first, second = 0]: Uint8Array): string | null {
  if (first !== 0xff || (second & 0xe0) !== 0xe0) return null;
  if ((second & 0xf6) === 0xf0) return 'audio/aac';
  return (second & 0x06) === 0x02 ? 'audio/mpeg' : null;
}

function latin(bytes: Uint8Array): string {
  // In pieces: a call takes only so many arguments.
  let text = '';
  for (let at = 0; at < Math.min(bytes.length, 65_536); at += 8_192)
    text += String.fromCharCode(...bytes.subarray(at, Math.min(at + 8_192, 65_536)));
  return text;
}

/** Nothing but readable characters, and no markup: what begins with a tag may be run by whoever opens it. */
function isPlainText(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 65_536);
  if (head.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return false;
  return !/<(!doctype|\?xml|html|head|body|script|svg|iframe|object|embed|style|img|math)/i.test(latin(head));
}
