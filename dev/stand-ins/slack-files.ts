import type { Answer } from './faults.ts';
import type { LocalCall } from './local-http-server.ts';

type Fields = Record<string, unknown>;

/** Files of a workspace: who has no token of it is led to a page to log in, as at Slack's. */
export function openSlackFiles(url: () => string, knowsToken: (token: string) => boolean) {
  const files = new Map<string, { mime_type: string; bytes: Buffer }>();
  const addressOf = (id: string) => `${url()}/slack/files/${id}`;

  return {
    /** `{id: {mime_type, base64}}` */
    set(given: Record<string, { mime_type: string; base64: string }>): void {
      for (const [id, { mime_type, base64 }] of Object.entries(given))
        files.set(id, { mime_type, bytes: Buffer.from(base64, 'base64') });
    },
    clear: () => files.clear(),
    /** A file as an event names it; what is known of it need not be told again. */
    inEvent(file: Fields): Fields {
      const known = files.get(String(file['id']));
      if (known === undefined) return file;
      return {
        mimetype: known.mime_type,
        size: known.bytes.length,
        url_private: addressOf(String(file['id'])),
        ...file,
      };
    },
    download(call: LocalCall, id: string): Answer {
      const token = /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1];
      if (token === undefined || !knowsToken(token))
        return { status: 302, headers: { location: 'https://stand-in.slack.example/' }, body: '' };
      const file = files.get(id);
      if (file === undefined) return { status: 404, body: '' };
      return { status: 200, headers: { 'content-type': file.mime_type }, body: file.bytes };
    },
  };
}
