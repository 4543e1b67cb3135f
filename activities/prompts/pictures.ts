import { PICTURES } from '../../domain/file-type.ts';
import { isMedia } from '../../domain/message.ts';
import type { MessageContent } from '../../domain/message.ts';
import type { Picture, TakenTurn } from '../ports.ts';

/** What one request shows at most; endpoints take a little more. */
const MOST_PICTURES = 4;
const MOST_BYTES = 8 * 1024 * 1024;

/** Of what came before, as far back as a customer may mean by "the picture". */
const LOOK_BACK = 6;

type Said = Pick<Extract<TakenTurn, { kind: 'taken' }>, 'history' | 'messages'>;

/** The pictures a model is shown, the newest first in line, by the content they belong to. */
export function picturesAmong({ history, messages }: Said): ReadonlyMap<MessageContent, Picture> {
  const shown = new Map<MessageContent, Picture>();
  let bytes = 0;
  for (const { content } of [...history.slice(-LOOK_BACK), ...messages].reverse()) {
    const picture = pictureIn(content);
    if (picture === null || shown.size === MOST_PICTURES || bytes + picture.size > MOST_BYTES) continue;
    bytes += picture.size;
    shown.set(content, picture);
  }
  return shown;
}

function pictureIn(content: MessageContent): Picture | null {
  if (!isMedia(content) || content.file?.state !== 'stored') return null;
  const { id, mimeType, size } = content.file;
  return mimeType !== null && size !== null && PICTURES.has(mimeType) ? { file: id, mimeType, size } : null;
}
