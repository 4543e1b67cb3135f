import type { Request } from 'express';

/** The first cookie of the name; null where the request has none. */
export function readCookie(req: Request, wanted: string): string | null {
  for (const part of (req.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === wanted && value !== undefined) return value;
  }
  return null;
}

/** A `set-cookie` that no page can read. For https only where that is what people reach us by. */
export function cookieHeader(
  cookie: { name: string; value: string; path: string; maxAgeSeconds: number; sameSite: 'Lax' | 'Strict' },
  publicUrl: string,
): string {
  const { name, value, path, maxAgeSeconds, sameSite } = cookie;
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  return `${name}=${value}; Path=${path}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=${sameSite}${secure}`;
}
