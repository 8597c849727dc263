// npm run test:browser: the dashboard in a real Chromium. Apart from npm test, which needs no browser.
import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/browser/find-browser.ts'],
    // Both cores of a small machine.
    maxWorkers: 2,
    sequence: { sequencer: longestFirst('test/browser/traces.test.ts') },
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
