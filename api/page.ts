import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Response } from 'express';

/** Reads a page's part from beside the code, once, when the module is loaded. */
export function readPart(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

/**
 * Sends a page that loads nothing from anywhere and runs only what carries its nonce.
 * `{{name}}` in the template becomes the value of that name as it stands: escape what is not markup.
 */
export function sendPage(res: Response, template: string, values: Record<string, string>): void {
  const nonce = randomBytes(16).toString('base64');
  res.setHeader('content-security-policy', policy(nonce));
  res.setHeader('cache-control', 'no-store');
  res
    .status(200)
    .type('html')
    .send(fill(template, { ...values, nonce }));
}

/** One pass: what a value holds is never looked at again. */
export function fill(template: string, values: Record<string, string>): string {
  return template.replaceAll(/\{\{([a-z]+)\}\}/g, (_, name: string) => values[name] ?? '');
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function policy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
