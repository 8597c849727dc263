import { expect, it } from 'vitest';
import { Metrics } from '../src/metrics.ts';

it('what was not measured yet is NaN, in the letters of the text format', async () => {
  const text = await new Metrics().text();
  expect(text).toMatch(/^rba_nodejs_eventloop_lag_mean_seconds NaN$/m);
  expect(text).not.toMatch(/ Nan$/m);
});
