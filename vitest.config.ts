import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need a browser: npm run test:browser.
    exclude: ['test/browser/**'],
    // Both cores of a small machine; most tests wait more than they work.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/cli/**', 'src/main.ts', 'src/journal/sqlite-worker.ts', 'src/ui/main.ts', 'src/ui/view/**'],
      thresholds: { lines: 95, functions: 95, branches: 90 },
      reporter: ['text-summary', 'json-summary'],
    },
  },
});
