// Prefixes that loggers and tracers put before an event's name: time stamps, threads, processors. Only the time is of interest,
// and whether a logger wrote it at all.
import type { TraceTime } from './trace-event.ts';

const QEMU_STAMP = /(?:^|[\s:])\d{1,10}@(\d{1,15}\.\d{6}):$/;
const ISO_STAMP = /(?:^|\s)(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?(?=[\s:]|$)/;
/** Cloud Hypervisor writes the unit behind it. */
const SECONDS_STAMP = /(?:^|[\s[])(\d{1,12}\.\d{3,9})(?=s?\]?:?(?:\s|$))/g;
const ONLY_A_STAMP =
  /^\s*(?:\[\s*\d{1,12}\.\d{1,9}\]|\d{1,12}\.\d{1,9}|\d{4}-\d\d-\d\d[T ][\d:.]{8,18}(?:Z|[+-][\d:]{4,5})?)$/;

/**
 * Tells whether `prefix` is a logger's: nothing, a time stamp, or anything that ends in a colon (`PID@seconds.micros:`,
 * `tracing_mark_write:`, `host qemu[1]:`). Prose that only mentions the event is not.
 */
export function isPrefix(prefix: string): boolean {
  if (prefix === '') return true;
  if (isComment(prefix)) return false;
  const trimmed = prefix.trimEnd();
  if (trimmed === '' || trimmed.endsWith(':')) return true;
  return trimmed.length < prefix.length && ONLY_A_STAMP.test(trimmed);
}

/** Tells whether the line that begins with `prefix` is commented out. */
export function isComment(prefix: string): boolean {
  return prefix.trimStart().startsWith('#');
}

/** Returns the time that stands nearest to the event's name: the tracer's own. Others are of what carried the log. */
export function timeOf(prefix: string): TraceTime | null {
  if (prefix === '') return null;
  const qemu = QEMU_STAMP.exec(prefix);
  if (qemu !== null) return { clock: 'epoch', seconds: Number(qemu[1]) };
  let seconds: string | undefined;
  for (const found of prefix.matchAll(SECONDS_STAMP)) seconds = found[1];
  if (seconds !== undefined) return { clock: 'boot', seconds: Number(seconds) };
  const [, second, fraction = '', zone = ''] = ISO_STAMP.exec(prefix) ?? [];
  // A Date has milliseconds only.
  const milliseconds = second === undefined ? Number.NaN : Date.parse(second + zone);
  if (Number.isNaN(milliseconds)) return null;
  return { clock: 'epoch', seconds: milliseconds / 1000 + Number(`0${fraction}`) };
}
