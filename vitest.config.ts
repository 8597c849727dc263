import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/support/longest-first.ts';

// Tests start the service and its commands many times: what Node compiled once is kept.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node');

export default defineConfig({
  test: {
    projects: [
      // Some of these put a clock of their own in the place of Node's.
      { extends: true, test: { name: 'whole', include: ['test/{e2e,model,simulate}/**/*.test.ts'] } },
      // Nothing outlives a test: the modules need not be loaded again for each file.
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{browser,e2e,model,simulate}/**'],
          isolate: false,
        },
      },
    ],
    // Both cores of a small machine.
    maxWorkers: 2,
    sequence: { sequencer: longestFirst('test/model/protocol.test.ts', 'test/e2e/fault-points.test.ts') },
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
