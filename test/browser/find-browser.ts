// Where Chromium is: CHROME_PATH, or one of the usual places. Without one, the run ends before the first test.
import { accessSync, constants } from 'node:fs';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    browserPath: string;
  }
}

const USUAL = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The program. @throws Error that says what to install where there is none */
export function findBrowser(): string {
  const { CHROME_PATH } = process.env;
  const found = (CHROME_PATH === undefined ? USUAL : [CHROME_PATH]).find(isProgram);
  if (found !== undefined) return found;
  const where = CHROME_PATH === undefined ? `at ${USUAL.slice(0, 4).join(', ')}` : `at CHROME_PATH=${CHROME_PATH}`;
  throw new Error(
    `no Chromium or Chrome ${where}. Install one (Debian and Ubuntu: apt-get install -y chromium), or set CHROME_PATH to it.`,
  );
}

export default function setup({ provide }: TestProject): void {
  provide('browserPath', findBrowser());
}
