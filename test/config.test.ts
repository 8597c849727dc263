// The settings: what each may be, and that a mistake in one is told by its name before anything starts.
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';

/** A setting, the field of Config that it is, its default, and values with what they come to. */
const GOOD: [string, keyof ReturnType<typeof loadConfig>, unknown, Record<string, unknown>][] = [
  [
    'RBA_ASYNC_RETRY_SCHEDULE',
    'asyncRetrySchedule',
    [1000, 5000, 30_000, 120_000, 600_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000],
    {
      '1s': [1000],
      '7': [7000],
      '500ms': [500],
      '1.5s': [1500],
      '0.001s': [1],
      '1ms, 1s ,1m,1h': [1, 1000, 60_000, 3_600_000],
      '1s,,2s,': [1000, 2000],
      '10s,1s': [10_000, 1000],
      // With a fifth more, about what a timer can wait.
      '497h': [1_789_200_000],
    },
  ],
  ['RBA_ASYNC_BACKLOG_LIMIT', 'asyncBacklogLimit', 10_000, { '1': 1, '10': 10, '1000000000': 1e9 }],
  [
    'RBA_ASYNC_DISABLE_AFTER',
    'asyncDisableAfter',
    432_000_000,
    { '1ms': 1, '30': 30_000, '2.5m': 150_000, '120h': 432_000_000, '596h': 2_145_600_000 },
  ],
  ['RBA_ASYNC_BACKLOG_RUNS', 'asyncBacklogRuns', 2 ** 20, { '1': 1, '1000000000': 1e9 }],
  ['RBA_EVENT_STREAMS', 'eventStreams', 100, { '1': 1, '10000': 10_000 }],
  ['RBA_BITMAP_MEMORY_LIMIT', 'bitmapMemoryLimit', 2 ** 28, { '1M': 2 ** 20, '1G': 2 ** 30, '1048576': 2 ** 20 }],
  ['RBA_EVENTS_KEPT', 'eventsKept', 10_000, { '1': 1, '1000000': 1_000_000 }],
];

const NO_NUMBERS = ['Infinity', '-Infinity', '1e400', '0', '-1', '1.5', 'ten', 'true', '1 000', 'NaN'];
const NO_DURATIONS = [
  ...['0', '0s', '-1s', '+1s', 's', '1 s', '1d', '1S', '1sec', '1e3s', '.5s', '1.s', 'Infinity', 'NaN', 'never'],
  // Less than a timer can wait, and more.
  ...['0.5ms', '0.0001s', '597h', '2147483648ms', '9999999999s', '1234567890'],
];

const BAD: [string, readonly string[]][] = [
  [
    'RBA_ASYNC_RETRY_SCHEDULE',
    [...NO_DURATIONS, '', ',', ' ', '1s,never', '1s;5s', '1s 5s', '1s,0s', '498h', '1s,596h'],
  ],
  ['RBA_ASYNC_BACKLOG_LIMIT', NO_NUMBERS],
  ['RBA_ASYNC_BACKLOG_RUNS', NO_NUMBERS],
  ['RBA_EVENT_STREAMS', NO_NUMBERS],
  ['RBA_BITMAP_MEMORY_LIMIT', ['', '0', '1048575', '1000', '-1M', '1Q']],
  ['RBA_ASYNC_DISABLE_AFTER', [...NO_DURATIONS, '', ' ', '1h,2h', ' 1h']],
  ['RBA_EVENTS_KEPT', [...NO_NUMBERS, '1000001']],
  ['PORT', ['http', '-1', '65536', '1.5']],
  ['RBA_ALLOWED_TARGETS', ['10.0.0.0', '10.0.0.0/33', 'all']],
];

describe.each(GOOD)('%s', (setting, field, byDefault, values) => {
  it('has a default', () => {
    expect(loadConfig({})[field]).toEqual(byDefault);
  });

  it.each(Object.entries(values))('as %j is taken', (value, expected) => {
    expect(loadConfig({ [setting]: value })[field]).toEqual(expected);
  });
});

describe.each(BAD)('%s', (setting, values) => {
  it.each(values)('as %j is refused, and named', (value) => {
    expect(() => loadConfig({ [setting]: value })).toThrow(setting);
  });
});

describe('a setting that nobody knows', () => {
  it.each(['RBA_ASYNC_RETRY', 'RBA_EVENT_KEPT', 'RBA_'])('as %s is refused, for it is a typing mistake', (setting) => {
    expect(() => loadConfig({ [setting]: '1' })).toThrow(`unknown setting ${setting}; known are `);
  });

  it('of another program is not looked at', () => {
    expect(loadConfig({ ASYNC_BACKLOG_LIMIT: '1', RBAX: '1' })).toEqual(loadConfig({}));
  });
});

it('nothing but the settings reads the environment', () => {
  const src = new URL('../src/', import.meta.url);
  const files = globSync('**/*.ts', { cwd: src.pathname });
  expect(files.length).toBeGreaterThan(100);
  const readers = files.filter((file) => readFileSync(new URL(file, src), 'utf8').includes('process.env'));
  expect(readers).toEqual(['config.ts']);
});

it('npm start is told by the name that npm gives to what it runs', () => {
  expect(loadConfig({}).startedByNpm).toBe(false);
  expect(loadConfig({ npm_lifecycle_event: 'test' }).startedByNpm).toBe(false);
  expect(loadConfig({ npm_lifecycle_event: 'start' }).startedByNpm).toBe(true);
});
