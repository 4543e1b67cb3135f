import { strict as assert } from 'node:assert';
import { fileInTar } from './download-temporal-cli.ts';

/** One file as tar writes it: a header block with name and octal size, then the content in whole blocks. */
function entry(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(content.length.toString(8).padStart(11, '0'), 124);
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body]);
}

describe('archive of the Temporal CLI', () => {
  const archive = Buffer.concat([
    entry('LICENSE', 'x'.repeat(700)),
    entry('./temporal', 'program'),
    Buffer.alloc(1024),
  ]);

  it('RUN-1 takes the program out from behind other files', () => {
    assert.equal(fileInTar(archive, 'temporal').toString(), 'program');
  });

  it('RUN-1 says so when the program is not in it', () => {
    assert.throws(() => fileInTar(archive, 'temporal.exe'), /holds no temporal.exe/);
  });
});
