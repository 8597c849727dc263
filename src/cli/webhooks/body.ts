// The body of a webhook, byte by byte as it is or was sent: a signature covers every byte, a line feed at the end included.
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { CommandError, unreadableText } from '../command-error.ts';

/** Returns the bytes of the body. @param file a path, or `-` for standard input @throws CommandError when it cannot be read */
export async function readBody(file: string, stdin: AsyncIterable<Uint8Array>): Promise<Buffer> {
  try {
    return file === '-' ? await buffer(stdin) : await readFile(file);
  } catch (error) {
    throw new CommandError(unreadableText(file === '-' ? 'standard input' : file, error), { cause: error });
  }
}
