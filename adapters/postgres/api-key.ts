import { createHash, randomBytes } from 'node:crypto';

/** `parley_<key id>_<secret>`: the id is shown and looked up, the secret is 256 random bits and only hashed. */
const FORMAT = /^parley_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export function newApiKey(): { key: string; keyId: string; secretHash: Buffer } {
  const keyId = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { key: `parley_${keyId}_${secret}`, keyId, secretHash: hashSecret(secret) };
}

/** Null: not a key of ours, whatever it is. */
export function parseApiKey(key: string): { keyId: string; secret: string } | null {
  const [, keyId, secret] = FORMAT.exec(key) ?? [];
  return keyId === undefined || secret === undefined ? null : { keyId, secret };
}

/** Plain SHA-256 is enough for a secret of 256 random bits: there is nothing to guess. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
