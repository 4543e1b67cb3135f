/** Kinds of message that are a file (CHAN-7); a message holds one at most. */
export const MEDIA_KINDS = ['image', 'audio', 'video', 'document', 'sticker'] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

/** The largest file that is kept. WhatsApp's own limits for pictures, recordings and videos lie below it. */
export const LARGEST_FILE = 16 * 1024 * 1024;

/** Why a file was not kept. */
export const MEDIA_REFUSALS = [
  'too_large',
  'empty',
  'gone',
  'forbidden',
  'blocked',
  'unavailable',
  'wrong_type',
  'mismatch',
] as const;
export type MediaRefusal = (typeof MEDIA_REFUSALS)[number];

/** What became of a message's file. */
export interface MediaFile {
  /** The message's own. */
  id: string;
  state: 'pending' | 'stored' | 'refused';
  /** What its bytes are, whatever they were said to be; null until it is stored. */
  mimeType: string | null;
  size: number | null;
  refusal: MediaRefusal | null;
  transcript: string | null;
  /** Null for what says nothing. */
  transcription: 'due' | 'done' | 'failed' | null;
}

export function pendingFile(id: string): MediaFile {
  const unknown = { mimeType: null, size: null, refusal: null, transcript: null, transcription: null };
  return { id, state: 'pending', ...unknown };
}

/** Something is still to be done before a model is asked: the bytes are to be fetched, or what they say. */
export function isDue(file: MediaFile): boolean {
  return file.state === 'pending' || file.transcription === 'due';
}

/** Whether what a file says is written down: recordings are, the sound of videos is not. */
export function isHeard(kind: MediaKind, mimeType: string): boolean {
  return kind !== 'video' && mimeType.startsWith('audio/');
}

const REFUSAL_WORDS: Record<MediaRefusal, string> = {
  too_large: 'it is larger than can be taken here',
  empty: 'it is empty',
  gone: 'it is no longer there',
  forbidden: 'access to it was refused',
  blocked: 'its address may not be called',
  unavailable: 'it could not be fetched',
  wrong_type: 'files of its type are not taken here',
  mismatch: 'it is not what it claims to be',
};

/**
 * A file as words, for the model and the transcript. What somebody said stands as JSON, so that where it ends is our
 * word and not theirs.
 */
export function describeMedia(media: {
  kind: MediaKind;
  fileName?: string;
  caption?: string;
  file?: MediaFile;
}): string {
  const name = media.fileName ? ` ${media.fileName}` : '';
  const caption = media.caption ? ` ${media.caption}` : '';
  return `[${media.kind}${name}${whatBecameOf(media.file)}]${caption}`;
}

function whatBecameOf(file: MediaFile | undefined): string {
  if (file?.state === 'refused')
    return `, which was not received: ${REFUSAL_WORDS[file.refusal ?? 'unavailable']}`;
  if (file?.transcript) return `, transcript: ${JSON.stringify(file.transcript)}`;
  return file?.transcription === 'failed' ? ', which could not be transcribed' : '';
}
