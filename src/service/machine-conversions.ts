// Conversions by guest physical address: cut at the borders of the blocks of a machine, all of them or none.

import { checkBytes, type Section } from '../core/section.ts';
import { Problem } from '../errors.ts';
import { MIN_PAGE_SIZE } from '../limits.ts';
import { BlockQueue } from './block-queue.ts';
import { Change, type PartPlan } from './change.ts';
import { planConversions, tellOfFailure } from './conversion-plans.ts';
import { attributesOf } from './conversions.ts';
import type { LiveBlock } from './live-block.ts';
import type { Machine } from './machine.ts';
import type { Machines } from './machines.ts';
import type { ChangeOptions } from './options.ts';
import { asOneAnswer, type Conversion, type Change as ConversionFact, conversionsOf, type PageState } from './views.ts';

/** A range of guest physical addresses; bytes. */
export interface GuestRange {
  readonly gpa: number;
  readonly size: number;
}

export interface MachineConversion extends GuestRange {
  readonly to: PageState;
  /** Of each block in the range, by ascending address. */
  readonly conversions: readonly Conversion[];
  /** What of the range is in no block. */
  readonly unassigned: readonly GuestRange[];
}

/** What of the range lies in one block. */
interface Piece {
  readonly live: LiveBlock;
  readonly section: Section;
}

export class MachineConversions {
  readonly #machines: Machines;

  constructor(machines: Machines) {
    this.#machines = machines;
  }

  /**
   * Converts a range of guest physical addresses (QEMU: kvm_convert_memory). A hole in it is ignored when converting to
   * shared and an error to private.
   * @throws Problem `not-found`, `invalid-range`, `no-attributes`, `too-many-runs`, and what {@link Change.carryOut} throws: nothing has changed
   */
  async convert(
    name: string,
    range: GuestRange,
    to: PageState,
    options: Omit<ChangeOptions<MachineConversion>, 'generations'>,
  ): Promise<MachineConversion> {
    checkRange(range);
    const { answered } = options;
    const gone = options.clientGone();
    for (;;) {
      const machine = this.#machines.existing(name);
      const lives = this.#livesIn(machine, range);
      const queues = lives.map(({ queue }) => queue);
      const turn = BlockQueue.runInAll(
        queues,
        async () => {
          // Blocks may have come and gone meanwhile: only who has the turn of all that are in the range now may go on.
          if (this.#machines.unavailable !== null) throw this.#machines.unavailable;
          const now = this.#livesIn(this.#machines.existing(name), range);
          if (now.length !== lives.length || now.some((live, index) => live !== lives[index])) return null;
          const pieces = piecesOf(lives, range);
          const plans = this.#plan(pieces, range, to, () => this.#machines.dependencies.newId('cnv'));
          const answer = (facts: readonly ConversionFact[]) => answerOf(pieces, range, to, facts);
          if (plans.length > 0) {
            const asked = pieces.map(({ live, section }) => ({ live, asked: [{ ...section, to }] }));
            return new Change(plans, 'conversion').carryOut(answer, answered).catch(tellOfFailure(asked));
          }
          const nothing = answer([]);
          await machine.keep(answered(nothing));
          return nothing;
        },
        gone,
      );
      const done = await turn.catch((error: unknown) => {
        // One that was deleted meanwhile turns away whoever waits for it; the others are still there.
        if (lives.some(({ block }) => block.deleted)) return null;
        throw error;
      });
      if (done !== null) return done;
    }
  }

  /** What {@link MachineConversions.convert} would do now. @throws as that, but nobody is called */
  preview(name: string, range: GuestRange, to: PageState): MachineConversion {
    checkRange(range);
    const lives = this.#livesIn(this.#machines.existing(name), range);
    const pieces = piecesOf(lives, range);
    const plans = this.#plan(pieces, range, to, () => null);
    new Change(plans, 'conversion').allow();
    const facts = plans.map(({ live, factAt, isChange }) => factAt(live.block.generation + (isChange ? 1 : 0)));
    return answerOf(pieces, range, to, facts);
  }

  /** The blocks that reserve any of the range, by ascending address; what is about to be made is none yet. */
  #livesIn(machine: Machine, { gpa, size }: GuestRange): LiveBlock[] {
    return machine.claimsWithin(gpa, gpa + size).flatMap((id) => this.#machines.blocks.get(id) ?? []);
  }

  #plan(
    pieces: readonly Piece[],
    range: GuestRange,
    to: PageState,
    newId: () => string | null,
  ): PartPlan<ConversionFact>[] {
    const [hole] = holesIn(pieces, range);
    if (to === 'private' && hole !== undefined) {
      const detail = `gpa ${hole.gpa} + ${hole.size} is in no RAM block, and cannot be private`;
      throw new Problem('invalid-range', detail);
    }
    // One change, over however many blocks.
    const budget = pieces[0]?.live.newRunBudget();
    return pieces.map(({ live, section }) => {
      return planConversions(live, attributesOf(live.block), [{ ...section, to }], newId, { budget });
    });
  }
}

/** @throws Problem `invalid-range` */
function checkRange({ gpa, size }: GuestRange): void {
  if (size === 0) throw new Problem('invalid-range', 'size is 0; a range has at least one byte');
  checkBytes('gpa + size', gpa + size);
  for (const [name, bytes] of Object.entries({ gpa, size })) {
    if (bytes % MIN_PAGE_SIZE === 0) continue;
    throw new Problem('invalid-range', `${name} ${bytes} is not a multiple of ${MIN_PAGE_SIZE}`);
  }
}

function piecesOf(lives: readonly LiveBlock[], { gpa, size }: GuestRange): Piece[] {
  return lives.flatMap((live) => {
    const { definition, usedLength } = live.block;
    const base = definition.gpa ?? 0;
    const start = Math.max(gpa, base);
    const end = Math.min(gpa + size, base + usedLength);
    return start < end ? [{ live, section: { offset: start - base, size: end - start } }] : [];
  });
}

/** What of the range no piece covers; both ascend. */
function holesIn(pieces: readonly Piece[], { gpa, size }: GuestRange): GuestRange[] {
  const holes: GuestRange[] = [];
  let at = gpa;
  for (const { live, section } of pieces) {
    const start = (live.block.definition.gpa ?? 0) + section.offset;
    if (at < start) holes.push({ gpa: at, size: start - at });
    at = start + section.size;
  }
  if (at < gpa + size) holes.push({ gpa: at, size: gpa + size - at });
  return holes;
}

function answerOf(
  pieces: readonly Piece[],
  range: GuestRange,
  to: PageState,
  facts: readonly ConversionFact[],
): MachineConversion {
  const all = facts.flatMap((fact, index) => conversionsOf(fact, pieces[index]?.live.block.pageSize ?? 0));
  return { ...range, to, conversions: asOneAnswer(all), unassigned: holesIn(pieces, range) };
}
