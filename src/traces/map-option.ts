// One part of a memory layout as a person writes it: GPA:SIZE[@OFFSET][:IDSTR], on the command line and in a query string alike.

import { parseByteSize } from '../byte-size.ts';
import { checkBytes } from '../core/section.ts';
import { Problem } from '../errors.ts';
import { MAX_BLOCK_BYTES, MAX_IDSTR_BYTES, MIN_PAGE_SIZE } from '../limits.ts';

/** `size` bytes of guest physical addresses from `gpa` on are the bytes of RAM block `idstr` from `offset` on. */
export interface MapOption {
  readonly gpa: number;
  readonly size: number;
  readonly offset: number;
  /** The idstr of the block; rba replay takes an id, too. */
  readonly idstr: string;
}

/**
 * Returns the option that `text` writes. IDSTR comes last because it may have colons itself, as `0000:00:02.0/vga.vram`.
 * Left out, it is made of GPA.
 * @throws Problem `invalid-request` where it cannot be read, `invalid-range` where it is no range
 */
export function parseMapOption(text: string): MapOption {
  return parsed(text, 'GPA:SIZE[:IDSTR]');
}

/** As {@link parseMapOption}, where IDSTR may not be left out. */
export function parseNamedMapOption(text: string): MapOption {
  return parsed(text, 'GPA:SIZE:IDSTR');
}

function parsed(text: string, form: 'GPA:SIZE[:IDSTR]' | 'GPA:SIZE:IDSTR'): MapOption {
  const [, gpaText, sizeText, offsetText = '0', named] = /^([^:@]+):([^:@]+)(?:@([^:@]+))?(?::(.+))?$/.exec(text) ?? [];
  if (gpaText === undefined || sizeText === undefined || (named === undefined && form === 'GPA:SIZE:IDSTR')) {
    throw new Problem('invalid-request', `map ${text}: ${form} is expected, such as 4G:12G:pc.ram`);
  }
  const [gpa, size, offset] = [parsePart(text, gpaText), parsePart(text, sizeText), parsePart(text, offsetText)];
  if (size === 0) throw new Problem('invalid-range', `map ${text}: SIZE is 0`);
  checkBytes(`map ${text}: GPA + SIZE`, gpa + size);
  if (offset + size > MAX_BLOCK_BYTES) {
    throw new Problem('invalid-range', `map ${text}: a RAM block has at most ${MAX_BLOCK_BYTES} bytes (64 TiB)`);
  }
  const unaligned = [gpa, size, offset].find((bytes) => bytes % MIN_PAGE_SIZE !== 0);
  if (unaligned !== undefined) {
    throw new Problem('invalid-range', `map ${text}: ${unaligned} is not a multiple of ${MIN_PAGE_SIZE}`);
  }
  const idstr = checkIdstr(named ?? `ram-0x${gpa.toString(16)}`);
  return { gpa, size, offset, idstr };
}

/** Returns `idstr`. @throws Problem `invalid-request` unless it has 1 to 255 bytes */
export function checkIdstr(idstr: string): string {
  const { length } = new TextEncoder().encode(idstr);
  if (length >= 1 && length <= MAX_IDSTR_BYTES) return idstr;
  throw new Problem('invalid-request', `an idstr has 1 to ${MAX_IDSTR_BYTES} bytes, not ${length}`);
}

function parsePart(text: string, part: string): number {
  try {
    return parseByteSize(part);
  } catch (error) {
    if (error instanceof Problem) throw new Problem(error.code, `map ${text}: ${error.message}`);
    throw error;
  }
}
