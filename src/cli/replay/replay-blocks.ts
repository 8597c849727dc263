// The blocks that a replay converts: the ones that the person named, or new ones that fit the trace.
import { randomBytes } from 'node:crypto';
import type { RamBlockAnswer } from './answers.ts';
import { BlockMap, type Mapping } from './block-map.ts';
import { ReplayError } from './replay-error.ts';
import { ReplayedBlock } from './replayed-block.ts';
import type { ServiceClient } from './service-client.ts';
import type { TraceScan } from './trace-scan.ts';

/** `--map`: `size` bytes of guest physical addresses from `gpa` on are the bytes of `ramBlock` from `offset` on. */
export interface MapOption {
  readonly gpa: number;
  readonly size: number;
  /** Bytes; where QEMU maps one block in two parts, as it does with pc.ram around the PCI hole. */
  readonly offset: number;
  /** An idstr in the machine, or an id. */
  readonly ramBlock: string;
}

export interface BlockOptions {
  /** Where names are looked up and blocks are created; null: `default` for the one, a new name for the other. */
  readonly machine: string | null;
  readonly maps: readonly MapOption[];
  /** The idstr (or id) of the block of state changes; null: made where they are all that the trace has. */
  readonly block: string | null;
}

export interface ReplayBlocks {
  readonly map: BlockMap<ReplayedBlock>;
  readonly stateChangeBlock: ReplayedBlock | null;
  readonly all: readonly ReplayedBlock[];
}

/** The machine that the service gives a block whose creator names none. */
const DEFAULT_MACHINE = 'default';

/**
 * Finds or creates the blocks.
 * @param scan what the first pass found; null where there was none, so that nothing can be made to fit
 * @throws ReplayError when a named block does not exist or is too small, or one cannot be created
 */
export async function prepareBlocks(
  client: ServiceClient,
  options: BlockOptions,
  scan: TraceScan | null,
): Promise<ReplayBlocks> {
  const found = new Map<string, ReplayedBlock>();
  const find = async (name: string): Promise<ReplayedBlock> => {
    const ramBlock = await client.findRamBlock(options.machine ?? DEFAULT_MACHINE, name);
    const block = found.get(ramBlock.id) ?? (await adopt(client, ramBlock));
    found.set(ramBlock.id, block);
    return block;
  };

  const mappings: Mapping<ReplayedBlock>[] = [];
  for (const map of options.maps) {
    const block = await find(map.ramBlock);
    checkMap(map, block);
    mappings.push({ gpa: map.gpa, size: map.size, offset: map.offset, block });
  }
  let stateChangeBlock = options.block === null ? null : await find(options.block);

  const machine = options.machine ?? `replay-${randomBytes(4).toString('hex')}`;
  const created: ReplayedBlock[] = [];
  if (options.maps.length === 0 && scan !== null) {
    for (const { gpa, size } of scan.blocks) {
      const idstr = `ram-0x${gpa.toString(16)}`;
      const block = new ReplayedBlock(await client.createRamBlock({ machine, idstr, usedLength: size, gpa }), true);
      created.push(block);
      mappings.push({ gpa, size, offset: 0, block });
    }
  }
  if (stateChangeBlock === null && scan !== null && scan.stateChangeLength > 0 && !scan.hasConvertMemory) {
    const usedLength = scan.stateChangeLength;
    stateChangeBlock = new ReplayedBlock(await client.createRamBlock({ machine, idstr: 'ram', usedLength }), true);
    created.push(stateChangeBlock);
  }
  return { map: new BlockMap(mappings), stateChangeBlock, all: [...found.values(), ...created] };
}

async function adopt(client: ServiceClient, ramBlock: RamBlockAnswer): Promise<ReplayedBlock> {
  if (!ramBlock.hasAttributes) {
    throw new ReplayError(
      `RAM block ${ramBlock.idstr} has no RamBlockAttributes, so it cannot be converted; --map or --block names another`,
    );
  }
  return new ReplayedBlock(ramBlock, false, await client.sharedSections(ramBlock));
}

function checkMap({ gpa, size, offset, ramBlock }: MapOption, { usedLength, pageSize }: ReplayedBlock): void {
  if (offset + size > usedLength) {
    throw new ReplayError(
      `--map: ${size} bytes from offset ${offset} on are beyond the used length of RAM block ${ramBlock}, ${usedLength} bytes`,
    );
  }
  const unaligned = [gpa, size, offset].find((bytes) => bytes % pageSize !== 0);
  if (unaligned === undefined) return;
  throw new ReplayError(`--map: ${unaligned} is not a multiple of ${pageSize}, the page size of RAM block ${ramBlock}`);
}
