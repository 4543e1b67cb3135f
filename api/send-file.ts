import type { Response } from 'express';
import type { StoredFile } from './ports.ts';

/**
 * A customer's file, for saving and for our own pages' pictures: whatever it holds, no browser may take it for a page of
 * ours, run it, or believe it to be something else than what we found it to be.
 */
export function sendFile(res: Response, { bytes, mimeType, name }: StoredFile): void {
  res.statusCode = 200;
  res.setHeader('content-type', mimeType.startsWith('text/') ? `${mimeType}; charset=utf-8` : mimeType);
  res.setHeader('content-length', bytes.length);
  res.setHeader('content-disposition', `attachment; filename*=UTF-8''${encoded(name ?? 'file')}`);
  res.setHeader('x-content-type-options', 'nosniff');
  res.setHeader('content-security-policy', "default-src 'none'; sandbox; frame-ancestors 'none'");
  res.setHeader('cross-origin-resource-policy', 'same-origin');
  // Erased is erased: no cache may remember it.
  res.setHeader('cache-control', 'no-store');
  res.end(bytes);
}

/** RFC 8187: what `encodeURIComponent` leaves as it is, and the header may not hold, included. */
function encoded(name: string): string {
  return encodeURIComponent(name.slice(-200).toWellFormed()).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
