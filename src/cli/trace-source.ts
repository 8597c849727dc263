// The FILE of a command: a trace that is opened as often as the command has to read it.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { TraceReader } from '../traces/trace-reader.ts';
import { CommandError, unreadableText } from './command-error.ts';

const PIECE_BYTES = 256 * 1024;

/** Where a trace comes from. */
export interface TraceSource {
  /** As the person named it; `-` is standard input. */
  readonly name: string;
  /** Bytes; null for what can be read only once: standard input, a pipe. */
  readonly size: number | null;
  /** A new reader, from the start. Its iteration throws CommandError where the file cannot be read. */
  open(): TraceReader;
}

/**
 * @param name a path, or `-` for standard input
 * @throws CommandError when there is nothing to read at that path
 */
export async function findTrace(name: string, stdin: AsyncIterable<Uint8Array>): Promise<TraceSource> {
  if (name === '-') return { name, size: null, open: () => new TraceReader(stdin) };
  const stats = await stat(name).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  if (stats.isDirectory()) throw new CommandError(`cannot read ${name}: it is a directory; FILE is one trace`);
  // A log that is still written is read up to its length of now, so that both passes see the same lines.
  const size = stats.isFile() ? stats.size : null;
  return { name, size, open: () => new TraceReader(pieces(name, size)) };
}

async function* pieces(path: string, size: number | null): AsyncGenerator<Uint8Array> {
  if (size === 0) return;
  const end = size === null ? {} : { end: size - 1 };
  try {
    const stream: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: PIECE_BYTES, ...end });
    yield* stream;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): CommandError {
  return new CommandError(unreadableText(path, error), { cause: error });
}
