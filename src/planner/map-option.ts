// What a person says of the memory layout: GPA:SIZE[@OFFSET][:IDSTR], on the command line and in a query string alike.
import { parseByteSize } from '../core/byte-size.ts';
import { checkBytes, MIN_PAGE_SIZE } from '../core/section.ts';
import { Problem } from '../errors.ts';

/** `size` bytes of guest physical addresses from `gpa` on are the bytes of RAM block `idstr` from `offset` on. */
export interface MapOption {
  readonly gpa: number;
  readonly size: number;
  readonly offset: number;
  readonly idstr: string;
}

/** As the service has it for one RAM block: 64 TiB. */
export const MAX_BLOCK_BYTES = 64 * 2 ** 40;
const LONGEST_IDSTR = 255;

/**
 * IDSTR comes last because it may have colons itself, as `0000:00:02.0/vga.vram`. Left out, it is made of GPA.
 * @throws Problem `invalid-request` where it cannot be read, `invalid-range` where it is no range
 */
export function parseMapOption(text: string): MapOption {
  const [, gpaText, sizeText, offsetText = '0', named] = /^([^:@]+):([^:@]+)(?:@([^:@]+))?(?::(.+))?$/.exec(text) ?? [];
  if (gpaText === undefined || sizeText === undefined) {
    throw new Problem('invalid-request', `map ${text}: GPA:SIZE[:IDSTR] is expected, such as 4G:12G:pc.ram`);
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

/** @throws Problem `invalid-request` */
export function checkIdstr(idstr: string): string {
  const { length } = new TextEncoder().encode(idstr);
  if (length >= 1 && length <= LONGEST_IDSTR) return idstr;
  throw new Problem('invalid-request', `an idstr has 1 to ${LONGEST_IDSTR} bytes, not ${length}`);
}

function parsePart(text: string, part: string): number {
  try {
    return parseByteSize(part);
  } catch (error) {
    if (error instanceof Problem) throw new Problem(error.code, `map ${text}: ${error.message}`);
    throw error;
  }
}
