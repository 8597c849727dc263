// How long listeners take to answer, out of the histogram that GET /metrics gives: what was counted between two readings,
// and from that the time that half and nearly all of them took.

/** Answers up to each bound (seconds), cumulative; the last bound is infinite. */
export type Histogram = ReadonlyMap<number, number>;

const BUCKET = /^rba_delivery_attempt_duration_seconds_bucket\{le="([^"]+)"[^}]*\} (\S+)$/gm;

/** The histogram of delivery attempts, over both directions. */
export function readHistogram(metrics: string): Histogram {
  const histogram = new Map<number, number>();
  for (const [, bound = '', count = ''] of metrics.matchAll(BUCKET)) {
    const le = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
    histogram.set(le, (histogram.get(le) ?? 0) + Number(count));
  }
  return histogram;
}

/** What was counted since `before`; all of it when the service was started anew in between. */
export function since(before: Histogram, now: Histogram): Histogram {
  const isRestarted = [...before].some(([le, count]) => (now.get(le) ?? 0) < count);
  if (isRestarted) return now;
  return new Map([...now].map(([le, count]) => [le, count - (before.get(le) ?? 0)]));
}

/**
 * The time that `share` of the answers took at most, in milliseconds, interpolated within its bucket as Prometheus does;
 * beyond the last bound, that bound. null when there was no answer.
 */
export function quantile(histogram: Histogram, share: number): number | null {
  const bounds = [...histogram].sort(([a], [b]) => a - b);
  const total = bounds.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const wanted = share * total;
  let [lower, below] = [0, 0];
  for (const [le, count] of bounds) {
    if (count >= wanted && count > below) {
      if (le === Number.POSITIVE_INFINITY) return lower * 1000;
      return (lower + (le - lower) * ((wanted - below) / (count - below))) * 1000;
    }
    [lower, below] = [le, count];
  }
  return lower * 1000;
}
