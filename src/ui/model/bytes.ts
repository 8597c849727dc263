// Addresses, sizes and numbers as people write and read them.
import { BYTES_PER_SUFFIX, parseByteSize } from '../../byte-size.ts';

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Returns the bytes of `4096`, `0x1000`, `4K` or `4KiB`; null when it is none of these, or beyond 2^53-1. */
export function parseBytes(text: string): number | null {
  try {
    return parseByteSize(text.trim());
  } catch {
    return null;
  }
}

export function hex(bytes: number): string {
  return `0x${bytes.toString(16)}`;
}

/** `1.25 GiB`; exact where it is short, else three digits. */
export function formatBytes(bytes: number): string {
  if (bytes === 1) return '1 byte';
  let unit = 0;
  let value = Math.abs(bytes);
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const shown = unit === 0 ? String(value) : String(Number(value.toFixed(digits)));
  return `${bytes < 0 ? '-' : ''}${shown} ${UNITS[unit]}`;
}

/** As the API's requests take it, as short as it is exact: `2M` rather than `2097152`, and `0x201000` where no unit fits. */
export function shortBytes(bytes: number): string {
  if (bytes === 0) return '0';
  for (const [suffix, per] of Object.entries(BYTES_PER_SUFFIX).reverse()) {
    if (bytes % per === 0 && bytes / per < 10_000) return `${bytes / per}${suffix}`;
  }
  return hex(bytes);
}

const GROUPED = new Intl.NumberFormat('en');
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** `1,234,567`. */
export function formatCount(count: number): string {
  return GROUPED.format(count);
}

/** `1.2M`. */
export function compactCount(count: number): string {
  return COMPACT.format(count);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A part of a whole for people: never 0 % where there is something, nor 100 % where something is missing. */
export function formatShare(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0 %';
  if (part === whole) return '100 %';
  const percent = (part / whole) * 100;
  if (percent < 0.01) return '< 0.01 %';
  if (percent > 99.99) return '> 99.99 %';
  return `${Number(percent.toFixed(percent < 10 ? 2 : 1))} %`;
}

/** Milliseconds for people: `850 ms`, `12 s`, `3 min`, `5 h`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
