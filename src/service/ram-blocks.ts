// RAM blocks: made, resized, deleted.

import { RamBlock } from '../core/ram-block.ts';
import { RAM_BLOCK_ATTRIBUTES } from '../core/ram-discard-source.ts';
import type { NewRecord, RamBlockDefinition } from '../core/records.ts';
import { checkBytes, checkPowerOfTwo } from '../core/section.ts';
import { aboutListener, Problem } from '../errors.ts';
import { isoTime } from '../iso-time.ts';
import { MAX_BLOCK_BYTES, MAX_IDSTR_BYTES, MIN_PAGE_SIZE } from '../limits.ts';
import { type Bounds, checkBound, DEFAULT_BOUNDS } from './bounds.ts';
import { Change, peaksOf, settleFirst } from './change.ts';
import type { LiveBlock } from './live-block.ts';
import type { Machines } from './machines.ts';
import type { ChangeOptions, TurnOptions } from './options.ts';
import { type RamBlockView, ramBlockView } from './views.ts';

/** A RAM block as a client asks for it; bytes. */
export interface NewRamBlock {
  readonly idstr: string;
  readonly usedLength: number;
  /** Makes the block resizeable. */
  readonly maxLength?: number | undefined;
  readonly pageSize: number;
  readonly machine: string;
  readonly gpa: number | null;
  readonly guestMemfd: boolean;
}

export class RamBlocks {
  readonly #machines: Machines;
  readonly #bounds: Bounds;
  /** Blocks that are being made. */
  #creating = 0;

  constructor(machines: Machines, bounds: Bounds = DEFAULT_BOUNDS) {
    this.#machines = machines;
    this.#bounds = bounds;
  }

  /**
   * Makes a block, all private.
   * @throws Problem `invalid-range`, `already-exists`, `limit-reached`, `journal-unavailable`
   */
  async create(wanted: NewRamBlock, options: Pick<ChangeOptions<RamBlockView>, 'answered'>): Promise<RamBlockView> {
    checkLengths(wanted);
    const count = this.#machines.blocks.size + this.#creating;
    checkBound(count, this.#bounds.ramBlocks, 'RAM blocks', 'RBA_MAX_RAM_BLOCKS');
    this.#creating++;
    try {
      return await this.#create(wanted, options);
    } finally {
      this.#creating--;
    }
  }

  async #create(wanted: NewRamBlock, options: Pick<ChangeOptions<RamBlockView>, 'answered'>): Promise<RamBlockView> {
    const { newId, now, log, events } = this.#machines.dependencies;
    const machine = this.#machines.machine(wanted.machine);
    const { maxLength, ...rest } = wanted;
    const definition = machine.claim({
      ...rest,
      id: newId('blk'),
      maxLength: maxLength ?? wanted.usedLength,
      resizeable: maxLength !== undefined,
      createdAt: isoTime(now()),
    });
    const sources = this.#sources(definition);
    const created = { ramBlockId: definition.id, kind: 'block-created', block: definition, sources } as const;
    // Of a block that nobody has: the one that is served is made once its record is durable.
    const view = ramBlockView(RamBlock.from({ ...created, at: definition.createdAt }));
    try {
      // As soon as it is durable: what is told of next may be a change that became durable with it.
      await machine.append([created], options.answered(view), (durable) => {
        for (const record of durable) {
          if (record.kind !== 'block-created') continue;
          const block = RamBlock.from(record);
          this.#machines.add(block, machine);
          events.created(block);
        }
      });
    } catch (error) {
      machine.release(definition.id);
      throw error;
    }
    log.info({ ramBlockId: definition.id, machine: machine.name, idstr: wanted.idstr }, 'RAM block created');
    return view;
  }

  /**
   * Deletes a block.
   * @param force unregisters its listeners: they are told to discard, and neither that nor what is being sent to them is
   *   waited for
   * @throws Problem `not-found`, `generation-mismatch`, `has-listeners`
   */
  delete(ramBlockId: string, force: boolean, options: TurnOptions): Promise<void> {
    const live = this.#machines.block(ramBlockId);
    const { manager } = live.block;
    const remove = async (): Promise<void> => {
      const listeners = [...manager.listeners.values()];
      if (listeners.length > 0 && !force) {
        const detail = `RAM block ${ramBlockId} still has ${listeners.length} listeners; unregister them, or delete it with ?force=true`;
        throw new Problem('has-listeners', detail, aboutListener(ramBlockId, null));
      }
      // What it does for async listeners beside the queue must not come behind the end of the block.
      await live.asyncListeners.stop();
      await live.commit([{ ramBlockId, kind: 'block-deleted' }]);
      this.#machines.remove(live);
      this.#machines.dependencies.log.info({ ramBlockId, force }, 'RAM block deleted');
      for (const listener of listeners) live.dismiss(listener);
    };
    return force ? live.inTurnByForce(null, options.generations, remove) : live.inTurn(remove, options);
  }

  /**
   * Gives a block another length in use (QEMU: qemu_ram_resize). New pages are discarded in every source; what is cut off
   * is discarded first.
   * @param usedLength bytes, at most the block's maxLength
   * @throws Problem `not-found`, `not-resizeable`, `section-cut`, `invalid-range`, `generation-mismatch`,
   *   `too-many-runs`, and what {@link Change.carryOut} throws
   */
  resize(ramBlockId: string, usedLength: number, options: TurnOptions): Promise<RamBlockView> {
    const live = this.#machines.block(ramBlockId);
    const { block } = live;
    return live.inTurn(async () => {
      checkResize(block, usedLength);
      if (usedLength === block.usedLength) return ramBlockView(block);
      const { manager } = block;
      const budget = live.newRunBudget();
      const { populate, runs } = manager.resizedBy(usedLength / block.pageSize, budget);
      if (!populate) await settleCutOff(live, usedLength);
      const calls = populate ? manager.callsBeyondEnd(runs) : manager.callsFor(runs);
      budget.takeCalls(calls);
      const round = { discards: populate ? [] : calls, populates: populate ? calls : [] };
      const resized: NewRecord = { ramBlockId, kind: 'block-resized', usedLength };
      const plan = { live, rounds: [round], peaks: peaksOf(live, round), factAt: () => resized };
      await new Change([plan], 'resize').carryOut(
        () => null,
        () => null,
      );
      this.#machines.dependencies.log.info({ ramBlockId, usedLength }, 'RAM block resized');
      return ramBlockView(block);
    }, options);
  }

  #sources({ guestMemfd, pageSize }: RamBlockDefinition) {
    if (!guestMemfd) return [];
    return [{ id: this.#machines.dependencies.newId('src'), name: RAM_BLOCK_ATTRIBUTES, granularity: pageSize }];
  }
}

/** @throws Problem `not-resizeable`, `section-cut`, `invalid-range` */
function checkResize(block: RamBlock, usedLength: number): void {
  const { id, pageSize, definition, manager } = block;
  checkLength('usedLength', usedLength, pageSize);
  if (!definition.resizeable && usedLength !== block.usedLength) {
    const detail = `RAM block ${id} was created without maxLength, so that its length stays ${block.usedLength}`;
    throw new Problem('not-resizeable', detail, { ramBlockId: id });
  }
  if (usedLength > definition.maxLength) {
    throw new Problem('invalid-range', `usedLength ${usedLength} is beyond the maxLength ${definition.maxLength}`);
  }
  for (const { id: listenerId, definition: listener } of manager.listeners.values()) {
    const { offset, size, offsetWithinAddressSpace } = listener.section;
    if (size === null) checkBytes('offsetWithinAddressSpace + size', offsetWithinAddressSpace + usedLength - offset);
    // One that follows the end must keep a page at least.
    const end = size === null ? offset + pageSize : offset + size;
    if (end <= usedLength) continue;
    const detail = `the section of listener ${listenerId} ends at ${end}, beyond the usedLength ${usedLength} that is asked for`;
    throw new Problem('section-cut', detail, aboutListener(id, listenerId));
  }
}

/** Nothing that may be mapped is cut off unseen. @throws Problem `listener-unsettled` */
async function settleCutOff(live: LiveBlock, usedLength: number): Promise<void> {
  for (const listener of live.block.manager.listeners.values()) {
    if (listener.range.end > usedLength / live.block.pageSize) await settleFirst(live, listener);
  }
}

/** @throws Problem `invalid-range`, `invalid-request` */
function checkLengths({ idstr, usedLength, maxLength, pageSize, gpa }: NewRamBlock): void {
  const idstrBytes = Buffer.byteLength(idstr);
  if (idstrBytes > MAX_IDSTR_BYTES) {
    const detail = `is ${idstrBytes} bytes long; the limit is ${MAX_IDSTR_BYTES}`;
    throw new Problem('invalid-request', `idstr ${detail}`, { errors: [{ path: ['idstr'], detail }] });
  }
  checkPowerOfTwo('pageSize', pageSize, MIN_PAGE_SIZE);
  checkLength('usedLength', usedLength, pageSize);
  if (maxLength !== undefined) checkLength('maxLength', maxLength, pageSize);
  const reserved = maxLength ?? usedLength;
  if (reserved < usedLength) {
    throw new Problem('invalid-range', `maxLength ${reserved} is less than usedLength ${usedLength}`);
  }
  if (gpa === null) return;
  checkBytes('gpa + maxLength', gpa + reserved);
  if (gpa % pageSize !== 0)
    throw new Problem('invalid-range', `gpa ${gpa} is not a multiple of the page size ${pageSize}`);
}

function checkLength(name: string, bytes: number, pageSize: number): void {
  if (bytes === 0) throw new Problem('invalid-range', `${name} is 0; a block has at least one page`);
  if (bytes > MAX_BLOCK_BYTES)
    throw new Problem('invalid-range', `${name} ${bytes} is beyond ${MAX_BLOCK_BYTES} (64 TiB)`);
  if (bytes % pageSize !== 0) {
    throw new Problem('invalid-range', `${name} ${bytes} is not a multiple of the page size ${pageSize}`);
  }
}
