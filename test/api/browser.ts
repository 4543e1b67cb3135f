import { existsSync } from 'node:fs';
import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';
import type { Browser } from 'playwright-core';

const INSTALLED = [
  '/usr/bin/google-chrome',
  '/usr/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** A real Chromium: the one inside the npm package on Linux, elsewhere an installed one; null without either. */
export async function openBrowser(): Promise<Browser | null> {
  if (process.platform === 'linux' && process.arch === 'x64')
    return playwright.launch({
      executablePath: await chromium.executablePath(),
      // The package's own arguments suit a function in a cloud: one process for everything, web security off.
      args: ['--no-sandbox', '--disable-gpu'],
    });
  const executablePath = INSTALLED.find((path) => existsSync(path));
  return executablePath === undefined ? null : playwright.launch({ executablePath });
}
