import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/cli/**', 'src/main.ts', 'src/journal/sqlite-worker.ts'],
      thresholds: { lines: 95, functions: 95, branches: 90 },
      reporter: ['text-summary', 'json-summary'],
    },
  },
});
