// Listeners of a block: registering one replays to it what is populated, unregistering discards it again. A device that
// may have mapped something is never forgotten, but on the operator's word (force).

import type { RamBlock } from '../core/ram-block.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { ListenerDefinition, NewRecord } from '../core/records.ts';
import { checkBytes, checkPowerOfTwo, checkSection } from '../core/section.ts';
import { aboutListener, Problem } from '../errors.ts';
import { isoTime } from '../iso-time.ts';
import { MIN_PAGE_SIZE } from '../limits.ts';
import { type Bounds, checkBound, DEFAULT_BOUNDS } from './bounds.ts';
import { checkPeaks, peaksOf, settleFirst } from './change.ts';
import type { LiveBlock } from './live-block.ts';
import type { Machines } from './machines.ts';
import type { ChangeOptions, TurnOptions } from './options.ts';
import { type ListenerView, listenerView, settledListener } from './views.ts';

/** A listener as a client asks for it; what is undefined takes the default of the contract. Bytes and milliseconds. */
export interface NewListener {
  readonly url: string;
  readonly mode: 'sync' | 'async';
  readonly section: {
    readonly offset: number;
    readonly size: number | null;
    readonly offsetWithinAddressSpace: number | undefined;
  };
  readonly granularity: number | undefined;
  readonly doubleDiscardSupported: boolean;
  readonly coordinatedDiscard: boolean;
  readonly dmaMaxMappings: number | null;
  readonly maxSections: number;
  readonly timeoutMs: number;
  readonly description: string | null;
  /** `whsec_` and base64; left out, one is made. */
  readonly secret: string | undefined;
}

/** A listener as its registration answers it: with the secret, where that was made here. */
export type RegisteredView = ListenerView & { readonly secret?: string };

export class Listeners {
  readonly #machines: Machines;
  readonly #bounds: Bounds;
  /** Registrations that are under way, by the listener's id: most of them are in their block already. */
  readonly #registering = new Map<string, RamBlock>();

  constructor(machines: Machines, bounds: Bounds = DEFAULT_BOUNDS) {
    this.#machines = machines;
    this.#bounds = bounds;
  }

  /**
   * Registers a listener and replays to it every populated run of its section (QEMU: register_listener); to an async one
   * that follows.
   * @throws Problem `target-not-allowed`, `limit-reached`, `invalid-range`, `coordinated-discard-required`,
   *   `mapping-limit`, `too-many-runs`: nobody was called.
   *   `listener-refused`, `listener-unreachable`: it is gone again, and `listenerId` is null; or, where it may have mapped
   *   something, it is `removing` until it has discarded its section
   */
  async register(
    ramBlockId: string,
    wanted: NewListener,
    options: ChangeOptions<RegisteredView>,
  ): Promise<RegisteredView> {
    const live = this.#machines.block(ramBlockId);
    await this.#machines.dependencies.checkTarget(wanted.url);
    const { block } = live;
    return live.inTurn(async () => {
      const definition = this.#define(block, wanted);
      const made = wanted.secret === undefined ? { secret: definition.secret } : {};
      this.#checkBounds(block);
      this.#registering.set(definition.id, block);
      const registered = (definition.mode === 'sync' ? this.#registerSync : this.#registerAsync)(
        live,
        definition,
        (listener) => options.answered({ ...listener, ...made }),
      );
      const view = await registered.finally(() => this.#registering.delete(definition.id));
      const { id: listenerId, mode } = definition;
      this.#machines.dependencies.log.info({ ramBlockId, listenerId, mode }, 'listener registered');
      return { ...view, ...made };
    }, options);
  }

  /**
   * Unregisters a listener: it must acknowledge the discards, or it stays (QEMU: unregister_listener). An async one is not
   * waited for: it is `removing` until it has.
   * @param force the device is gone: nothing more is sent to it, and what is being sent to it is not waited for
   * @throws Problem `not-found`, `generation-mismatch`, `listener-unsettled`, `discard-unacknowledged`, `too-many-runs`
   */
  async unregister(ramBlockId: string, listenerId: string, force: boolean, options: TurnOptions): Promise<void> {
    const live = this.#machines.block(ramBlockId);
    const { block } = live;
    const { log } = this.#machines.dependencies;
    const unregister = async (): Promise<RamDiscardListener> => {
      const found = findListener(block, listenerId);
      const removed: NewRecord = { ramBlockId, kind: 'listener-removed', listenerId };
      if (force) {
        await live.commit([removed]);
        live.abandon(found);
      } else if (found.backlog !== null) {
        await endAsync(live, found);
      } else {
        await settleFirst(live, found);
        const call = block.finalDiscard(found, live.newRunBudget());
        const notifications = await live.begin([call]);
        const problem = await notifications.discard(call, 'unregistration');
        await live.commit(problem === null ? [notifications.outcome, removed] : [notifications.outcome]);
        if (problem !== null) throw problem;
      }
      log.info({ ramBlockId, listenerId, force }, 'listener unregistered');
      return found;
    };
    const listener = await (force
      ? live.inTurnByForce(listenerId, options.generations, unregister)
      : live.inTurn(unregister, options));
    // Most are gone at once, which saves the client from asking.
    await live.asyncListeners.ended(listener, listener.definition.timeoutMs);
  }

  readonly #registerSync = async (
    live: LiveBlock,
    definition: ListenerDefinition,
    answered: ChangeOptions<ListenerView>['answered'],
  ): Promise<ListenerView> => {
    const { block } = live;
    const { id: ramBlockId } = block;
    const { id: listenerId } = definition;
    const newcomer = block.makeListener(definition, definition.createdAt);
    const runs = block.manager.replayFor(newcomer, live.newRunBudget());
    const round = { discards: [], populates: [{ listener: newcomer, runs }] };
    try {
      checkPeaks(live, peaksOf(live, round));
    } catch (error) {
      throw error instanceof Problem ? notRegistered(error, UNTOLD) : error;
    }
    const become = (phase: 'active' | 'removing') => {
      return { ramBlockId, kind: 'listener-phase', listenerId, phase } as const;
    };
    // Recorded before its first delivery: a device that may have mapped something is known after a crash.
    const added: NewRecord = { ramBlockId, kind: 'listener-added', listener: definition };
    const notifications = await live.begin(round.populates, { runs: [newcomer.range] }, [added]);
    const listener = findListener(block, listenerId);
    const problem = await notifications.populate({ listener, runs }, 'registration');
    if (problem === null) {
      const view = listenerView(settledListener(block, definition, listener.lastSequence), block);
      await live.commit([notifications.outcome, become('active')], answered(view));
      return view;
    }
    const isReached = notifications.mayHaveReached(listener);
    if (!isReached || problem.extras.unsettled?.length === 0) {
      await live.commit([notifications.outcome, { ramBlockId, kind: 'listener-removed', listenerId }]);
      throw notRegistered(problem, isReached ? 'it has discarded what it was told to map' : UNTOLD);
    }
    notifications.note(listener, { unknown: [listener.range] });
    await live.commit([notifications.outcome, become('removing')]);
    const { code, message, extras } = problem;
    const removal = `it may have mapped pages, so that it is being removed as ${listenerId}: that ends when it acknowledges a discard of its section, or when it is unregistered with force=true because its device is gone`;
    throw new Problem(code, `${message}; ${removal}`, extras);
  };

  readonly #registerAsync = async (
    live: LiveBlock,
    definition: ListenerDefinition,
    answered: ChangeOptions<ListenerView>['answered'],
  ): Promise<ListenerView> => {
    const { block } = live;
    const view = listenerView(block.makeListener(definition, definition.createdAt), block);
    await live.commit([{ ramBlockId: block.id, kind: 'listener-added', listener: definition }], answered(view));
    return view;
  };

  /** @throws Problem `limit-reached` */
  #checkBounds({ id, manager }: RamBlock): void {
    const { listeners, listenersPerBlock } = this.#bounds;
    const what = `listeners of RAM block ${id}`;
    checkBound(manager.listeners.size, listenersPerBlock, what, 'RBA_MAX_LISTENERS_PER_BLOCK');
    // Added up each time, which is once for a registration: a sum that is kept could come to be wrong.
    let count = 0;
    for (const [listenerId, block] of this.#registering) if (!block.manager.listeners.has(listenerId)) count++;
    for (const live of this.#machines.blocks.values()) count += live.block.manager.listeners.size;
    checkBound(count, listeners, 'listeners', 'RBA_MAX_LISTENERS');
  }

  /** Fills in the defaults. @throws Problem `invalid-range`, `coordinated-discard-required` */
  #define(block: RamBlock, wanted: NewListener): ListenerDefinition {
    const { offset, size } = wanted.section;
    checkSection({ offset, size: size ?? Math.max(0, block.usedLength - offset) }, block.usedLength, block.pageSize);
    const offsetWithinAddressSpace = wanted.section.offsetWithinAddressSpace ?? (block.definition.gpa ?? 0) + offset;
    checkBytes('offsetWithinAddressSpace + size', offsetWithinAddressSpace + (size ?? block.usedLength - offset));
    const granularity = wanted.granularity ?? block.pageSize;
    checkPowerOfTwo('granularity', granularity, MIN_PAGE_SIZE);
    const { newId, newSecret, now } = this.#machines.dependencies;
    if (!wanted.coordinatedDiscard && block.manager.sources.size > 0) {
      const detail = `RAM block ${block.id} discards pages, which a listener that pins all memory (coordinatedDiscard false) cannot live with`;
      throw new Problem('coordinated-discard-required', detail, aboutListener(block.id, null));
    }
    const section = { offset, size, offsetWithinAddressSpace };
    const secret = wanted.secret ?? newSecret();
    if (wanted.mode === 'async' && wanted.dmaMaxMappings !== null) {
      const detail = 'is of sync listeners only: an async one cannot refuse';
      throw new Problem('invalid-request', `dmaMaxMappings ${detail}`, {
        errors: [{ path: ['dmaMaxMappings'], detail }],
      });
    }
    // As it is called: what is written may have blanks around it, or a host in another case.
    const { href: url } = new URL(wanted.url);
    return { ...wanted, url, id: newId('lsn'), section, granularity, secret, createdAt: isoTime(now()) };
  }
}

const UNTOLD = 'nothing was sent to it';

/**
 * Returns what a registration answers that leaves nothing behind. Its detail names the id that deliveries may have had;
 * where programs look there is none, for no listener has it.
 */
function notRegistered({ code, message, extras }: Problem, why: string): Problem {
  const nobody = aboutListener(extras.ramBlockId ?? '', null);
  const { listenerStatus = null, listenerDetail = null } = extras;
  const about = { ...extras, ...nobody, listenerStatus, listenerDetail };
  return new Problem(code, `${message}; ${why}, and it is not registered`, about);
}

/** @throws Problem `not-found` */
export function findListener(block: RamBlock, listenerId: string): RamDiscardListener {
  const listener = block.manager.listeners.get(listenerId);
  if (listener === undefined) throw new Problem('not-found', `RAM block ${block.id} has no listener ${listenerId}`);
  return listener;
}

/** The discards that end an async listener follow what is pending; one that is disabled is told nothing. */
async function endAsync(live: LiveBlock, listener: RamDiscardListener): Promise<void> {
  const { id: ramBlockId } = live.block;
  const { id: listenerId } = listener;
  await live.asyncListeners.of(listener).between(async () => {
    if (listener.phase === 'active') {
      await live.commit([{ ramBlockId, kind: 'listener-phase', listenerId, phase: 'removing' }]);
    } else if (listener.phase === 'disabled') {
      await live.commit([{ ramBlockId, kind: 'listener-removed', listenerId }]);
    }
  });
}
