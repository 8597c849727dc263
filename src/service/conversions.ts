// Changes of a source's bits: page conversions (of RamBlockAttributes) and changes of any other source.
import type { RamBlock } from '../core/ram-block.ts';
import type { Plan } from '../core/ram-discard-manager.ts';
import { asPageState, type RamDiscardSource } from '../core/ram-discard-source.ts';
import type { Conversion, PageState, Populatedness } from '../core/records.ts';
import { countPages, type Section, toSection } from '../core/section.ts';
import { Problem } from '../errors.ts';
import { carryOut } from './changes.ts';
import type { LiveBlock } from './live-block.ts';
import type { Machines } from './machines.ts';
import { type ChangeOptions, checkGeneration } from './options.ts';

/** The runs that a Conversion shows. */
const CHANGED_SHOWN = 1000;

export class Conversions {
  readonly #machines: Machines;

  constructor(machines: Machines) {
    this.#machines = machines;
  }

  /**
   * Converts `section` (bytes) to shared or private and tells the listeners (QEMU: ram_block_attributes_state_change).
   * @throws Problem `invalid-range`, `no-attributes`, `generation-mismatch`, and what {@link carryOut} throws
   */
  convert(
    ramBlockId: string,
    section: Section,
    to: PageState,
    options: ChangeOptions<Conversion>,
  ): Promise<Conversion> {
    const live = this.#machines.block(ramBlockId);
    return live.inTurn(async () => {
      checkGeneration(live.block, options.ifMatch);
      const source = attributesOf(live.block);
      return this.#change(live, source, section, to, options);
    }, options.signal);
  }

  /**
   * Populates or discards `section` (bytes, at the source's granularity) in one source; listeners hear of it where all
   * other sources are populated. @throws as {@link Conversions.convert}, and `not-found`
   */
  changeSource(
    ramBlockId: string,
    sourceId: string,
    section: Section,
    to: Populatedness,
    options: ChangeOptions<Conversion>,
  ): Promise<Conversion> {
    const live = this.#machines.block(ramBlockId);
    return live.inTurn(async () => {
      const source = findSource(live.block, sourceId);
      checkGeneration(live.block, options.ifMatch);
      return this.#change(live, source, section, to, options);
    }, options.signal);
  }

  /** Committed changes with a generation below `before`, newest first. @throws Problem `not-found`, `journal-unavailable` */
  history(ramBlockId: string, before: number, limit: number): Promise<Conversion[]> {
    this.#machines.block(ramBlockId);
    return this.#machines.journal.history(ramBlockId, before, limit);
  }

  async #change(
    live: LiveBlock,
    source: RamDiscardSource,
    section: Section,
    to: PageState | Populatedness,
    options: ChangeOptions<Conversion>,
  ): Promise<Conversion> {
    const { block } = live;
    const range = source.rangeOf(section, block.usedLength, block.pageSize);
    const populate = to === 'shared' || to === 'populated';
    const plan = block.manager.planChange(source, range, populate);
    const calls = block.manager.callsFor(plan.effective);
    const id = plan.changed.length === 0 ? null : this.#machines.dependencies.newId('cnv');
    const notified = calls.map(({ listener }) => listener.id);
    const conversion = describe(block, plan, section, to, id, notified);
    const answered = options.answered(conversion);
    if (id === null) {
      await live.commit([], answered);
      return conversion;
    }
    const change = {
      runs: plan.effective,
      populate,
      calls,
      reason: source.isRamBlockAttributes ? ('conversion' as const) : ('source' as const),
      conversionId: id,
      records: [{ ramBlockId: block.id, kind: 'source-changed', sourceId: source.definition.id, conversion } as const],
      plan,
    };
    await carryOut(live, change, answered);
    return conversion;
  }
}

/** @throws Problem `no-attributes` */
function attributesOf(block: RamBlock): RamDiscardSource {
  if (block.attributes !== undefined) return block.attributes;
  const detail = `RAM block ${block.id} has no RamBlockAttributes (guestMemfd false, or the source was deleted)`;
  throw new Problem('no-attributes', detail, { ramBlockId: block.id });
}

/** @throws Problem `not-found` */
export function findSource(block: RamBlock, sourceId: string): RamDiscardSource {
  const source = block.manager.sources.get(sourceId);
  if (source === undefined) throw new Problem('not-found', `RAM block ${block.id} has no source ${sourceId}`);
  return source;
}

function describe(
  block: RamBlock,
  plan: Plan,
  section: Section,
  to: PageState | Populatedness,
  id: string | null,
  notified: readonly string[],
): Conversion {
  const { changed, from } = plan;
  return {
    id,
    ramBlockId: block.id,
    offset: section.offset,
    size: section.size,
    to,
    from: to === 'shared' || to === 'private' ? asPageState(from) : from,
    changedBytes: countPages(changed) * block.pageSize,
    changed: changed.slice(0, CHANGED_SHOWN).map((run) => toSection(run, block.pageSize)),
    changedTruncated: changed.length > CHANGED_SHOWN,
    generation: block.generation + (id === null ? 0 : 1),
    notified,
  };
}
