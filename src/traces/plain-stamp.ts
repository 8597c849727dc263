// The time stamps just as the tracers print them before an event's name. As plain-lines.ts, it answers only what is certain.
import { type LineCursor, Word } from './line-cursor.ts';
import type { TraceTime } from './trace-event.ts';

const [LINE_FEED, BLANK, HASH, DOT, COLON, AT, DELETE] = [0x0a, 0x20, 0x23, 0x2e, 0x3a, 0x40, 0x7f];

/** The text between the kernel's stamp and the name: perf's, and that of QEMU's events among the kernel's. */
const CARRIERS = [new Word('kvm:'), new Word('tracing_mark_write: ')];

const QEMU_PLACES = 6;
const MAX_PID_DIGITS = 10;
const [MIN_PLACES, MAX_PLACES] = [3, 9];
const MAX_SECONDS_DIGITS = 12;
const POWERS_OF_TEN = Array.from({ length: MAX_PLACES + 1 }, (_, places) => 10 ** places);

/**
 * The time before `name`, where the event's name is in the line of the cursor; moves the cursor.
 * @returns null where nothing is before the name, undefined where it is none of the usual stamps
 */
export function plainTime(cursor: LineCursor, name: number): TraceTime | null | undefined {
  if (name === cursor.start) return null;
  const time = qemuTime(cursor, name);
  if (time !== undefined) return time;
  if (mayBeComment(cursor)) return undefined;
  return kernelTime(cursor, name) ?? kernelTime(cursor, beforeCarrier(cursor, name));
}

/** `PID@seconds.micros:` and nothing before it. */
function qemuTime(cursor: LineCursor, name: number): TraceTime | undefined {
  const colon = name - 1;
  if (cursor.byteAt(colon) !== COLON) return undefined;
  const fraction = cursor.takeDigitsBack(colon);
  const dot = cursor.at - 1;
  if (colon - dot - 1 !== QEMU_PLACES || cursor.byteAt(dot) !== DOT) return undefined;
  const seconds = cursor.takeDigitsBack(dot);
  const at = cursor.at - 1;
  if (cursor.byteAt(at) !== AT || at - cursor.start > MAX_PID_DIGITS) return undefined;
  if (cursor.takeDigitsBack(at) < 0 || cursor.at !== cursor.start) return undefined;
  return timeOf('epoch', seconds, fraction, QEMU_PLACES);
}

/** `seconds.fraction: `, whatever is before it. */
function kernelTime(cursor: LineCursor, name: number): TraceTime | undefined {
  const colon = name - 2;
  if (colon < cursor.start || cursor.byteAt(colon) !== COLON || cursor.byteAt(colon + 1) !== BLANK) return undefined;
  const fraction = cursor.takeDigitsBack(colon);
  const dot = cursor.at - 1;
  const places = colon - dot - 1;
  if (places < MIN_PLACES || places > MAX_PLACES || cursor.byteAt(dot) !== DOT) return undefined;
  const seconds = cursor.takeDigitsBack(dot);
  const before = cursor.byteAt(cursor.at - 1);
  if (dot - cursor.at > MAX_SECONDS_DIGITS || (before !== BLANK && before !== LINE_FEED)) return undefined;
  return timeOf('boot', seconds, fraction, places);
}

function beforeCarrier(cursor: LineCursor, name: number): number {
  const carrier = CARRIERS.find((word) => cursor.isBefore(word, name));
  return name - (carrier?.length ?? 0);
}

/** Whether the line begins with a hash, or with what may be a blank that it stands behind. */
function mayBeComment(cursor: LineCursor): boolean {
  cursor.at = cursor.start;
  cursor.skip(BLANK);
  const first = cursor.byteAt(cursor.at);
  return first <= HASH || first >= DELETE;
}

/** @returns undefined where the quotient would not be exactly what `Number` makes of the decimal number */
function timeOf(clock: TraceTime['clock'], seconds: number, fraction: number, places: number): TraceTime | undefined {
  const power = POWERS_OF_TEN[places] ?? Number.NaN;
  const value = seconds * power + fraction;
  // The sum of two exact numbers is rounded once, as a decimal number is.
  return seconds >= 0 && value <= Number.MAX_SAFE_INTEGER ? { clock, seconds: value / power } : undefined;
}
