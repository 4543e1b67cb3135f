import { strict as assert } from 'node:assert';
import { judgeFile } from './file-type.ts';
import type { Claimed } from './file-type.ts';
import { LARGEST_FILE } from './media.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const PNG = bytes('\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR');
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

const typed = (content: Buffer, claimed: Claimed) => {
  const verdict = judgeFile(content, claimed);
  return verdict.kept ? verdict.mimeType : verdict.refusal;
};

describe('what a file is', () => {
  const known: [string, Buffer, Claimed, string][] = [
    ['a PNG', PNG, { kind: 'image', mimeType: 'image/png' }, 'image/png'],
    ['a JPEG', bytes('\xff\xd8\xff\xe0..JFIF'), { kind: 'image' }, 'image/jpeg'],
    ['a GIF', bytes('GIF89a......'), { kind: 'image' }, 'image/gif'],
    ['a sticker', bytes('RIFF\x10\x00\x00\x00WEBPVP8 '), { kind: 'sticker' }, 'image/webp'],
    [
      'a voice note',
      bytes('OggS\x00\x02'),
      { kind: 'audio', mimeType: 'audio/ogg; codecs=opus' },
      'audio/ogg',
    ],
    ['a WAV', bytes('RIFF\x10\x00\x00\x00WAVEfmt '), { kind: 'audio' }, 'audio/wav'],
    ['an MP3 with tags', bytes('ID3\x04\x00'), { kind: 'audio' }, 'audio/mpeg'],
    ['an MP3 without', bytes('\xff\xfb\x90\x00'), { kind: 'audio' }, 'audio/mpeg'],
    ['AAC', bytes('\xff\xf1\x50\x80'), { kind: 'audio' }, 'audio/aac'],
    ['AMR', bytes('#!AMR\n'), { kind: 'audio' }, 'audio/amr'],
    ['a recording in MP4', bytes('\0\0\0\x20ftypM4A '), { kind: 'audio' }, 'audio/mp4'],
    ['a video in MP4', bytes('\0\0\0\x20ftypisom'), { kind: 'video' }, 'video/mp4'],
    ['a phone video', bytes('\0\0\0\x18ftyp3gp4'), { kind: 'video', mimeType: 'video/3gpp' }, 'video/3gpp'],
    ['a recording in WebM', bytes('\x1a\x45\xdf\xa3..'), { kind: 'audio' }, 'audio/webm'],
    ['a PDF', bytes('%PDF-1.7'), { kind: 'document' }, 'application/pdf'],
    ['a picture sent as a document', PNG, { kind: 'document', mimeType: 'application/pdf' }, 'image/png'],
    ['plain text', bytes('two euros\r\n'), { kind: 'document' }, 'text/plain'],
    ['a table', bytes('a;b\n1;2'), { kind: 'document', mimeType: 'text/csv' }, 'text/csv'],
    ['an Office file', bytes('PK\x03\x04..[Content_Types].xml'), { kind: 'document', mimeType: DOCX }, DOCX],
  ];
  for (const [what, content, claimed, wanted] of known)
    it(`CHAN-7 tells by its bytes ${what}`, () => assert.equal(typed(content, claimed), wanted));

  const refused: [string, Buffer, Claimed, string][] = [
    ['nothing', bytes(''), { kind: 'image' }, 'empty'],
    [
      'a PDF that claims to be a picture',
      bytes('%PDF-1.7'),
      { kind: 'image', mimeType: 'image/png' },
      'mismatch',
    ],
    ['a picture that claims to be a recording', PNG, { kind: 'audio' }, 'mismatch'],
    [
      'HTML that claims to be a picture',
      bytes('<html>'),
      { kind: 'image', mimeType: 'image/png' },
      'wrong_type',
    ],
    [
      'HTML that claims to be text',
      bytes('hi <SCRIPT>x'),
      { kind: 'document', mimeType: 'text/plain' },
      'wrong_type',
    ],
    [
      'an SVG',
      bytes('<?xml version="1.0"?><svg onload="x"/>'),
      { kind: 'image', mimeType: 'image/svg+xml' },
      'wrong_type',
    ],
    ['a program', bytes('MZ\x90\x00\x03'), { kind: 'document' }, 'wrong_type'],
    ['what is packed', bytes('\x1f\x8b\x08\x00'), { kind: 'document' }, 'wrong_type'],
    ['an archive', bytes('PK\x03\x04..'), { kind: 'document', mimeType: 'application/zip' }, 'wrong_type'],
    [
      'an archive that claims to be an Office file',
      bytes('PK\x03\x04..'),
      { kind: 'document', mimeType: DOCX },
      'wrong_type',
    ],
    ['a RIFF that is neither', bytes('RIFF\x00\x10\x00\x00AVI '), { kind: 'video' }, 'wrong_type'],
    ['what only says WAVE', bytes('........WAVE\x00'), { kind: 'audio' }, 'wrong_type'],
  ];
  for (const [what, content, claimed, wanted] of refused)
    it(`CHAN-7 takes no file that is ${what}`, () => assert.equal(typed(content, claimed), wanted));

  it('CHAN-7 takes a file of the largest size, and no byte more', () => {
    const content = Buffer.alloc(LARGEST_FILE + 1);
    PNG.copy(content);
    assert.equal(typed(content, { kind: 'image' }), 'too_large');
    assert.equal(typed(content.subarray(0, LARGEST_FILE), { kind: 'image' }), 'image/png');
  });
});
