// The blocks that a replay converts: the ones that the person named, or new ones that fit the trace.

import { randomBytes } from 'node:crypto';
import { BlockMap, type Mapping, OverlapError } from '../../traces/block-map.ts';
import type { MapOption } from '../../traces/map-option.ts';
import type { SlotMapping } from '../../traces/memory-slots.ts';
import type { MachineLayout } from '../../traces/placement.ts';
import type { RamBlockAnswer } from './answers.ts';
import { ReplayError } from './replay-error.ts';
import { ReplayedBlock } from './replayed-block.ts';
import type { NewRamBlock, ServiceClient } from './service-client.ts';
import { size } from './summary-text.ts';
import type { TraceScan } from './trace-scan.ts';

export interface BlockOptions {
  /** Where names are looked up and blocks are created; null: `default` for the one, a new name for the other. */
  readonly machine: string | null;
  /** Empty: the blocks that `machine` has at guest physical addresses, else new ones. */
  readonly maps: readonly MapOption[];
  /** The idstr (or id) of the block of state changes; null: made where they are all that the trace has. */
  readonly block: string | null;
  /** Nothing may be created. */
  readonly dryRun: boolean;
}

export interface ReplayBlocks {
  /** Where the addresses of the trace belong. */
  readonly map: BlockMap<ReplayedBlock>;
  /** The machine that all of these blocks are of; null: there is none, or it has them at no addresses. */
  readonly machine: MachineLayout<ReplayedBlock> | null;
  readonly stateChangeBlock: ReplayedBlock | null;
  readonly all: readonly ReplayedBlock[];
}

/** The machine that the service gives a block whose creator names none. */
const DEFAULT_MACHINE = 'default';
/** The idstr of the block that is made for offsets. */
const STATE_CHANGE_BLOCK = 'ram';

/**
 * Finds or creates the blocks.
 * @param scan what the first pass found; null where there was none, so that nothing can be made to fit
 * @throws ReplayError when a named block does not exist or is too small, or one is missing and cannot be created
 */
export async function prepareBlocks(
  client: ServiceClient,
  options: BlockOptions,
  scan: TraceScan | null,
): Promise<ReplayBlocks> {
  const found = new FoundBlocks(client, options.machine ?? DEFAULT_MACHINE);
  const isByAddress = scan === null || scan.blocks.length > 0 || scan.slots.length > 0;
  let mappings: Mapping<ReplayedBlock>[] = [];
  for (const map of options.maps) mappings.push(await found.mapped(map));
  if (options.maps.length === 0 && options.machine !== null && isByAddress) mappings = await found.inMachine();
  let stateChangeBlock = options.block === null ? null : await found.named(options.block);
  if (scan === null && mappings.length === 0 && stateChangeBlock === null) {
    throw new ReplayError(
      `machine ${options.machine} has no RAM blocks at guest physical addresses, and none can be made to fit a trace that is read only once; --map or --block names blocks`,
    );
  }

  const machine = options.machine ?? `replay-${randomBytes(4).toString('hex')}`;
  const isMissing = scan !== null && mappings.length === 0 && options.maps.length === 0;
  const ranges = isMissing ? layoutOf(scan) : [];
  const missing: NewRamBlock[] = blocksOf(ranges).map((block) => ({ machine, ...block }));
  const length = stateChangeBlock === null ? (scan?.stateChangeLength ?? 0) : 0;
  const isInOnlyBlock = missing.length === 1 && ranges.length > 0 && length <= (missing[0]?.usedLength ?? 0);
  if (length > 0 && !isInOnlyBlock) missing.push({ machine, idstr: STATE_CHANGE_BLOCK, usedLength: length });
  if (options.dryRun && missing.length > 0) throw missingInDryRun(options.machine, missing);
  for (const wanted of missing) {
    const block = found.take(new ReplayedBlock(await client.createRamBlock(wanted), true));
    const mapped = ranges.filter(({ idstr }) => idstr === wanted.idstr);
    for (const { gpa, size, offset } of mapped) mappings.push({ gpa, size, offset, block });
    if (length > 0 && (mapped.length === 0 || isInOnlyBlock)) stateChangeBlock = block;
  }
  const layout = await found.machineOf(mappings);
  return { map: mapOf(mappings), machine: layout, stateChangeBlock, all: found.all };
}

/** The layout that the trace tells itself, else ranges that fit its conversions, a block each. */
function layoutOf({ slots, blocks }: TraceScan): readonly SlotMapping[] {
  if (slots.length > 0) return slots;
  return blocks.map(({ gpa, size }) => ({ gpa, size, offset: 0, idstr: `ram-0x${gpa.toString(16)}` }));
}

/**
 * The blocks of `ranges`, as long as their ranges need. A block has a guest physical address in the service where all of
 * it lies in one piece, holes aside, and no other block is in these.
 */
function blocksOf(ranges: readonly SlotMapping[]): Omit<NewRamBlock, 'machine'>[] {
  return [...new Set(ranges.map(({ idstr }) => idstr))].map((idstr) => {
    const own = ranges.filter((range) => range.idstr === idstr);
    const usedLength = Math.max(...own.map(({ offset, size }) => offset + size));
    const [gpa = -1, another] = new Set(own.map((range) => range.gpa - range.offset));
    const isCrossed = ranges.some((range) => {
      return range.idstr !== idstr && range.gpa < gpa + usedLength && gpa < range.gpa + range.size;
    });
    return gpa < 0 || another !== undefined || isCrossed ? { idstr, usedLength } : { idstr, usedLength, gpa };
  });
}

/** @throws ReplayError when two mappings overlap */
function mapOf(mappings: readonly Mapping<ReplayedBlock>[]): BlockMap<ReplayedBlock> {
  try {
    return new BlockMap(mappings);
  } catch (error) {
    if (!(error instanceof OverlapError)) throw error;
    const message = `--map ${error.first} and --map ${error.second} overlap; an address belongs to one RAM block`;
    throw new ReplayError(message, { cause: error });
  }
}

/** Each block once, however often it is named. */
class FoundBlocks {
  readonly #client: ServiceClient;
  /** Where names are looked up. */
  readonly #machine: string;
  readonly #blocks = new Map<string, ReplayedBlock>();

  constructor(client: ServiceClient, machine: string) {
    this.#client = client;
    this.#machine = machine;
  }

  get all(): ReplayedBlock[] {
    return [...this.#blocks.values()];
  }

  take(block: ReplayedBlock): ReplayedBlock {
    this.#blocks.set(block.ramBlock.id, block);
    return block;
  }

  /** @throws ReplayError when there is no such block, or it cannot be converted */
  async named(name: string): Promise<ReplayedBlock> {
    const ramBlock = await this.#client.findRamBlock(this.#machine, name);
    if (ramBlock.hasAttributes) return this.#adopt(ramBlock);
    throw new ReplayError(
      `RAM block ${ramBlock.idstr} has no RamBlockAttributes, so it cannot be converted; --map or --block names another`,
    );
  }

  /** @throws ReplayError as `named`, and when the map is not within the block or its pages */
  async mapped(map: MapOption): Promise<Mapping<ReplayedBlock>> {
    const block = await this.named(map.idstr);
    checkMap(map, block);
    return { gpa: map.gpa, size: map.size, offset: map.offset, block };
  }

  /** The blocks that the machine has at guest physical addresses; none when there is no such machine. */
  async inMachine(): Promise<Mapping<ReplayedBlock>[]> {
    const mappings: Mapping<ReplayedBlock>[] = [];
    for (const ramBlock of (await this.#client.findMachine(this.#machine)) ?? []) {
      if (ramBlock.gpa === null) continue;
      mappings.push({ gpa: ramBlock.gpa, size: ramBlock.usedLength, offset: 0, block: await this.#adopt(ramBlock) });
    }
    return mappings;
  }

  /** The machine that the blocks of `mappings` are of. Blocks of it that no mapping is of are only looked at. */
  async machineOf(mappings: readonly Mapping<ReplayedBlock>[]): Promise<MachineLayout<ReplayedBlock> | null> {
    const [name, another] = new Set(mappings.map(({ block }) => block.ramBlock.machine));
    if (name === undefined || another !== undefined) return null;
    if (mappings.every(({ block }) => block.ramBlock.gpa === null)) return null;
    const placed = ((await this.#client.findMachine(name)) ?? []).flatMap((ramBlock) => {
      if (ramBlock.gpa === null) return [];
      const block = this.#blocks.get(ramBlock.id) ?? new ReplayedBlock(ramBlock, false);
      return [{ gpa: ramBlock.gpa, size: ramBlock.usedLength, offset: 0, block }];
    });
    return { name, map: new BlockMap(placed) };
  }

  /** One without RamBlockAttributes may lie in the range of a conversion; the service says what it thinks of that. */
  async #adopt(ramBlock: RamBlockAnswer): Promise<ReplayedBlock> {
    const known = this.#blocks.get(ramBlock.id);
    if (known !== undefined) return known;
    const shared = ramBlock.hasAttributes ? await this.#client.sharedSections(ramBlock) : [];
    return this.take(new ReplayedBlock(ramBlock, false, shared));
  }
}

function missingInDryRun(machine: string | null, missing: readonly NewRamBlock[]): ReplayError {
  const blocks = missing.map(({ idstr, usedLength, gpa }) => {
    return `${idstr} (${size(usedLength)}${gpa === undefined ? '' : ` at 0x${gpa.toString(16)}`})`;
  });
  const where = machine === null ? 'no machine is named' : `machine ${machine} has no RAM blocks for it`;
  return new ReplayError(
    `--dry-run creates no RAM blocks, and ${where}; without it these would be created: ${blocks.join(', ')}. --machine, --map and --block name blocks that are there`,
  );
}

function checkMap({ gpa, size, offset, idstr }: MapOption, { usedLength, pageSize }: ReplayedBlock): void {
  if (offset + size > usedLength) {
    throw new ReplayError(
      `--map: ${size} bytes from offset ${offset} on are beyond the used length of RAM block ${idstr}, ${usedLength} bytes`,
    );
  }
  const unaligned = [gpa, size, offset].find((bytes) => bytes % pageSize !== 0);
  if (unaligned === undefined) return;
  throw new ReplayError(`--map: ${unaligned} is not a multiple of ${pageSize}, the page size of RAM block ${idstr}`);
}
