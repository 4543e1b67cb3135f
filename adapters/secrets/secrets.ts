import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Where a sealed value lives; it opens nowhere else. */
export interface Place {
  table: string;
  row: string;
  column: string;
}

/** Encryption at rest (TEN-3): AES-256-GCM under a key that can be changed. */
export interface Secrets {
  seal(plain: string, place: Place): string;
  /** @throws Error without the value: unknown key, another place, or altered. */
  open(sealed: string, place: Place): string;
  /** Id of the key that seals. */
  readonly newestKey: string;
  /** Id of the key that a sealed value names, known here or not; null: it is not sealed. */
  keyOf(sealed: string): string | null;
}

/** Given to both ciphers: without it Node takes a tag of four bytes for good. */
const TAG_BYTES = 16;
const IV_BYTES = 12;
const FORMAT = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]+)$/;

/**
 * Reads `id:base64,…` (32 bytes each). The first key seals, all of them open: a new key is put in front, and the
 * old one leaves when nothing is sealed with it any more.
 */
export function openSecrets(secretsKey: string): Secrets {
  const keys = new Map(secretsKey.split(',').map(parseKey));
  const newest = [...keys][0];
  if (newest === undefined) throw new Error('there is no key for secrets');
  const [newestId, newestKey] = newest;

  return {
    newestKey: newestId,
    keyOf: (sealed) => FORMAT.exec(sealed)?.[1] ?? null,

    seal(plain, place) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', newestKey, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(boundTo(place, newestId));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return `v1.${newestId}.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`;
    },

    open(sealed, place) {
      const [, keyId, encoded] = FORMAT.exec(sealed) ?? [];
      const key = keyId === undefined ? undefined : keys.get(keyId);
      if (keyId === undefined || encoded === undefined || key === undefined) {
        throw new Error(`the sealed value in ${place.table}.${place.column} names no key that is known here`);
      }
      const bytes = Buffer.from(encoded, 'base64url');
      const iv = bytes.subarray(0, IV_BYTES);
      const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
        decipher.setAAD(boundTo(place, keyId));
        decipher.setAuthTag(tag);
        const body = bytes.subarray(IV_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch {
        throw new Error(`the sealed value in ${place.table}.${place.column} is altered or belongs elsewhere`);
      }
    },
  };
}

function parseKey(entry: string): [string, Buffer] {
  const [id = '', encoded = ''] = entry.trim().split(':');
  const key = Buffer.from(encoded, 'base64');
  if (id === '' || key.length !== 32) throw new Error('a key for secrets is not id:base64 of 32 bytes');
  return [id, key];
}

/** JSON keeps the parts apart: no name can reach into its neighbour. */
function boundTo({ table, row, column }: Place, keyId: string): Buffer {
  return Buffer.from(JSON.stringify(['v1', keyId, table, row, column]));
}
