// Words for what a plan has, in the text and in the drawing alike.
import type { TrackingName } from '../../planner/plan.ts';

const TRACKING_TEXTS: Readonly<Record<TrackingName, string>> = {
  page: 'per page',
  run: 'per run',
  '64KiB': 'at 64 KiB',
  '2MiB': 'at 2 MiB',
  '1GiB': 'at 1 GiB',
};

export function trackingText(tracking: TrackingName): string {
  return TRACKING_TEXTS[tracking];
}

/** Seconds with a unit in which they have one to three digits before the point. */
export function timeText(seconds: number): string {
  if (seconds === 0) return '0 s';
  if (seconds < 0.001) return `${short(seconds * 1e6)} us`;
  if (seconds < 1) return `${short(seconds * 1000)} ms`;
  return seconds < 600 ? `${short(seconds)} s` : `${short(seconds / 60)} min`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
