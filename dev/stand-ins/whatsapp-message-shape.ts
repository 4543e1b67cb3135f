type Fields = Record<string, unknown>;

/** Top-level fields of a send in Meta's published schema (v23) and the `recipient` of 2026. */
const FIELDS = new Set(
  (
    'messaging_product recipient_type to recipient type context biz_opaque_callback_data status message_id ' +
    'typing_indicator text interactive image audio video document sticker location contacts reaction template'
  ).split(' '),
);
const MEDIA = ['image', 'audio', 'video', 'document', 'sticker'];

/**
 * What Meta would refuse in the body of `POST /{phone-number-id}/messages`, as a sentence, or undefined. Covers what
 * a conversation sends (text, reply buttons, lists, media, read and typing) with the published limits.
 */
export function whatIsWrongWithSend(body: Fields): string | undefined {
  const stranger = Object.keys(body).find((field) => !FIELDS.has(field));
  if (stranger !== undefined) return `Unexpected key "${stranger}"`;
  if (body.messaging_product !== 'whatsapp') return 'The parameter messaging_product is required.';
  if (body.status !== undefined) return wrongRead(body);
  if (!text(body.to, 1, 64) && !text(body.recipient, 1, 160)) return 'The parameter to is required.';
  if (body.recipient_type !== undefined && body.recipient_type !== 'individual')
    return 'Invalid recipient_type';
  if (body.context !== undefined && !text(fields(body.context).message_id, 1, 512)) return 'Invalid context';
  if (body.biz_opaque_callback_data !== undefined && !text(body.biz_opaque_callback_data, 0, 512)) {
    return 'biz_opaque_callback_data is a string of at most 512 characters';
  }
  const type = body.type ?? 'text';
  if (typeof type !== 'string' || !FIELDS.has(type) || body[type] === undefined) {
    return `The parameter ${String(type)} is required.`;
  }
  if (type === 'text')
    return text(fields(body.text).body, 1, 4096) ? undefined : 'text.body: 1 to 4096 characters';
  if (type === 'interactive') return wrongInteractive(fields(body.interactive));
  if (MEDIA.includes(type)) {
    const { id, link } = fields(body[type]);
    return text(id, 1, 512) !== text(link, 1, 2048) ? undefined : `${type}: either id or link is required`;
  }
  return undefined;
}

function wrongRead(body: Fields): string | undefined {
  if (body.status !== 'read') return 'status must be one of {READ}';
  if (!text(body.message_id, 1, 512)) return 'The parameter message_id is required.';
  if (body.typing_indicator !== undefined && fields(body.typing_indicator).type !== 'text') {
    return 'typing_indicator.type must be text';
  }
  return undefined;
}

function wrongInteractive(interactive: Fields): string | undefined {
  if (!text(fields(interactive.body).text, 1, 1024)) return 'interactive.body.text: 1 to 1024 characters';
  if (interactive.footer !== undefined && !text(fields(interactive.footer).text, 1, 60)) {
    return 'interactive.footer.text: 1 to 60 characters';
  }
  const action = fields(interactive.action);
  if (interactive.type === 'button') return wrongButtons(list(action.buttons));
  if (interactive.type === 'list') return wrongList(action);
  return 'interactive.type: the stand-in knows button and list';
}

function wrongButtons(buttons: Fields[]): string | undefined {
  if (buttons.length < 1 || buttons.length > 3)
    return 'Invalid buttons count. Min allowed buttons: 1, Max: 3';
  const replies = buttons.map((button) => (button.type === 'reply' ? fields(button.reply) : {}));
  if (!replies.every((reply) => text(reply.id, 1, 256) && text(reply.title, 1, 20))) {
    return 'A button is {type: reply, reply: {id: 1 to 256, title: 1 to 20 characters}}';
  }
  return distinct(replies.map((reply) => reply.id)) ? undefined : 'Duplicate button id';
}

function wrongList(action: Fields): string | undefined {
  const sections = list(action.sections);
  const rows = sections.flatMap((section) => list(section.rows));
  if (!text(action.button, 1, 20)) return 'interactive.action.button: 1 to 20 characters';
  if (sections.length < 1 || sections.length > 10) return 'A list has 1 to 10 sections';
  if (rows.length < 1 || rows.length > 10) return 'A list has 1 to 10 rows in all';
  if (!rows.every((row) => text(row.id, 1, 200) && text(row.title, 1, 24))) {
    return 'A row is {id: 1 to 200, title: 1 to 24 characters}';
  }
  return distinct(rows.map((row) => row.id)) ? undefined : 'Duplicate row id';
}

function fields(value: unknown): Fields {
  return value !== null && typeof value === 'object' ? (value as Fields) : {};
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

function text(value: unknown, least: number, most: number): boolean {
  return typeof value === 'string' && value.length >= least && value.length <= most;
}

function distinct(values: unknown[]): boolean {
  return new Set(values).size === values.length;
}
