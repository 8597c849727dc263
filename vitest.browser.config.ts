// npm run test:browser: the dashboard in a real Chromium. Apart from npm test, which needs no browser.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/browser/find-browser.ts'],
    // One browser at a time: what is measured is not to be disturbed, and small machines have two cores.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
