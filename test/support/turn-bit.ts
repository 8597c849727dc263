// Damage of the least kind.
import { open } from 'node:fs/promises';

/** Turns one bit of the byte at `at` of a file. */
export async function turnBit(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8() ^ 1);
  await handle.write(byte, 0, 1, at);
  await handle.close();
}
