// The text that QEMU's scripts/simpletrace.py makes of a trace of the `simple` backend: a name, the time since the line
// before, the process, and the arguments as NAME=VALUE.

/** Microseconds since the line before, with three decimals. A trace of several threads may go back. */
const LINE = /^\w+ (-?\d{1,12})\.(\d{3}) pid=\d+(?: |\s*$)/;
const ARGUMENTS = /^-?\d+\.\d{3} pid=\d+((?: \w+=\S+)*)\s*$/;
const ARGUMENT = / (\w+)=(\S+)/g;
/** Older scripts print the text as Python does bytes. */
const BYTES = /^b'(.*)'$/;

/**
 * Returns the arguments of an event by their names.
 * @param rest what follows the name and a blank
 * @returns null where it is not of this form
 */
export function simpletraceValues(rest: string): Record<string, string> | null {
  const values = ARGUMENTS.exec(rest)?.[1];
  if (values === undefined) return null;
  const pairs = [...values.matchAll(ARGUMENT)].map(([, name = '', value = '']) => {
    return [name, BYTES.exec(value)?.[1] ?? value];
  });
  return Object.fromEntries(pairs);
}

/** Returns the nanoseconds since the line before; null where `line` is not of this form. */
export function simpletraceDelta(line: string): number | null {
  const [, micros, nanos] = LINE.exec(line) ?? [];
  if (micros === undefined || nanos === undefined) return null;
  const sign = micros.startsWith('-') ? -1 : 1;
  return Number(micros) * 1000 + sign * Number(nanos);
}
