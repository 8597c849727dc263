// npm run test:long: the long form of every test that has one, which is every test that imports test/support/depth.ts.
import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/support/longest-first.ts';

const LONG = globSync('test/**/*.test.ts').filter((file) => readFileSync(file, 'utf8').includes('/support/depth.ts'));

export default defineConfig({
  test: {
    include: LONG,
    env: { TEST_DEPTH: process.env.TEST_DEPTH ?? 'long' },
    maxWorkers: 2,
    sequence: { sequencer: longestFirst('test/model/protocol.test.ts', 'test/e2e/fault-points.test.ts') },
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
