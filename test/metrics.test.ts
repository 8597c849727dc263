import { expect, it } from 'vitest';
import { Metrics } from '../src/metrics.ts';

it('what was not measured yet is NaN, in the letters of the text format', async () => {
  const text = await new Metrics().text();
  expect(text).toMatch(/^rba_nodejs_eventloop_lag_mean_seconds NaN$/m);
  expect(text).not.toMatch(/ Nan$/m);
});

it('all that was counted is in the text, however much that is', async () => {
  const metrics = new Metrics();
  for (let count = 0; count < 250; count++) {
    metrics.countAnswer({ operation: 'convertPages', status: 200, milliseconds: 2 });
    const attempt = { id: 'm', sequence: 1, type: 'ram_block.populate', reason: 'conversion', attempt: 1 } as const;
    const outcome = { status: 204, outcome: 'accepted', durationMs: 3, startedAt: 0, responseExcerpt: '' } as const;
    metrics.countAttempt({ ...attempt, ...outcome });
  }
  for (const times of ['first', 'second']) {
    const text = await metrics.text();
    const labels = 'operation="convertPages",status="200"';
    expect(text, times).toContain(`rba_http_request_duration_seconds_count{${labels}} 250\n`);
    expect(text, times).toContain(`rba_http_request_duration_seconds_bucket{le="0.0025",${labels}} 250\n`);
    expect(text, times).toContain(
      'rba_delivery_attempts_total{type="ram_block.populate",reason="conversion",outcome="accepted"} 250\n',
    );
    expect(text, times).toContain('rba_delivery_attempt_duration_seconds_count{type="ram_block.populate"} 250\n');
  }
});
