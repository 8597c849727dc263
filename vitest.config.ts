import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/support/longest-first.ts';

// Tests start the service and its commands many times: what Node compiled once is kept.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node');

/** Tests that put a clock of their own in the place of Node's. */
const OWN_CLOCK = ['test/{model,simulate}/**/*.test.ts', 'test/e2e/{journal-failures,long-absence}.test.ts'];

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'own clock', include: OWN_CLOCK } },
      // Nothing outlives a test: the modules need not be loaded again for each file.
      {
        extends: true,
        test: {
          name: 'others',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**', ...OWN_CLOCK],
          isolate: false,
        },
      },
    ],
    // One more than the cores of a small machine: many tests wait for something.
    maxWorkers: 3,
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
