import { strict as assert } from 'node:assert';
import { whatIsWrongWithSend } from './whatsapp-message-shape.ts';

const wrong = (fields: object): string | undefined =>
  whatIsWrongWithSend({ messaging_product: 'whatsapp', to: '6281234', ...fields });
const button = (id: string, title: string): object => ({ type: 'reply', reply: { id, title } });
const buttons = (list: object[]): object => ({
  type: 'interactive',
  interactive: { type: 'button', body: { text: 'Shall I?' }, action: { buttons: list } },
});
const list = (rows: number): object => ({
  type: 'interactive',
  interactive: {
    type: 'list',
    body: { text: 'Pick' },
    action: {
      button: 'Open',
      sections: [{ rows: Array.from({ length: rows }, (_, n) => ({ id: `r${n}`, title: `Row ${n}` })) }],
    },
  },
});

describe('the shape of a send to WhatsApp', () => {
  it('CHAN-3 takes one to three reply buttons with short, distinct titles and ids', () => {
    assert.equal(wrong(buttons([button('y', 'Yes'), button('n', 'No')])), undefined);
    assert.match(wrong(buttons([])) ?? '', /count/);
    assert.match(wrong(buttons(['a', 'b', 'c', 'd'].map((id) => button(id, id)))) ?? '', /count/);
    assert.match(wrong(buttons([button('y', 'Yes'), button('y', 'No')])) ?? '', /Duplicate/);
    assert.match(wrong(buttons([button('y', 'A title that is too long')])) ?? '', /title/);
  });

  it('CHAN-3 takes a list of at most ten rows', () => {
    assert.equal(wrong(list(10)), undefined);
    assert.match(wrong(list(11)) ?? '', /rows/);
  });

  it('CHAN-3 takes text of at most 4,096 characters, and media by id or by link', () => {
    assert.equal(wrong({ type: 'text', text: { body: 'x'.repeat(4096) } }), undefined);
    assert.ok(wrong({ type: 'text', text: { body: 'x'.repeat(4097) } }));
    assert.equal(wrong({ type: 'image', image: { id: '1', caption: 'A lamp' } }), undefined);
    assert.ok(wrong({ type: 'image', image: { id: '1', link: 'https://example.com/a.png' } }));
    assert.ok(wrong({ type: 'image', image: {} }));
  });

  it('CHAN-3 refuses a field that Meta does not know', () => {
    assert.match(wrong({ type: 'text', text: { body: 'x' }, bizz: 1 }) ?? '', /bizz/);
    assert.match(wrong({ type: 'txet', txet: { body: 'x' } }) ?? '', /txet/);
  });
});
