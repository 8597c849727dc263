// Listeners of a block: registering one replays to it what is populated, unregistering discards it again. A device that
// may have mapped something is never forgotten, but on the operator's word (force).
import type { RamBlock } from '../core/ram-block.ts';
import { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { Call } from '../core/ram-discard-manager.ts';
import type { BlockRecord, ListenerDefinition } from '../core/records.ts';
import { checkBytes, checkPowerOfTwo, checkSection, MIN_PAGE_SIZE } from '../core/section.ts';
import { aboutListener, Problem } from '../errors.ts';
import { checkMappings, settleFirst } from './changes.ts';
import type { LiveBlock } from './live-block.ts';
import type { Machines } from './machines.ts';
import type { ChangeOptions } from './options.ts';
import { type ListenerView, listenerView, settledListener } from './views.ts';

/** A listener as a client asks for it; what is undefined takes the default of the contract. Bytes and milliseconds. */
export interface NewListener {
  readonly url: string;
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

  constructor(machines: Machines) {
    this.#machines = machines;
  }

  /**
   * Registers a listener and replays to it every populated run of its section (QEMU: register_listener).
   * @throws Problem `target-not-allowed`, `invalid-range`, `coordinated-discard-required`, `mapping-limit`: nobody was
   *   called.
   *   `listener-refused`, `listener-unreachable`: it is gone again, or `removing` until it has discarded its section
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
      const listener = new RamDiscardListener(definition, block.usedLength, block.pageSize);
      const call = { listener, runs: block.manager.replayFor(listener) };
      checkMappings(live, call);
      const added: BlockRecord = { ramBlockId, kind: 'listener-added', listener: definition };
      const become = (phase: 'active' | 'removing'): BlockRecord => {
        return { ramBlockId, kind: 'listener-phase', listenerId: listener.id, phase };
      };
      // Recorded before its first delivery: a device that may have mapped something is known after a crash.
      const notifications = await live.begin([listener.range], [call], { with: [added] });
      const problem = await notifications.populate([call], 'registration');
      if (problem === null) {
        const after = settledListener(definition, block, notifications.lastSequence(listener));
        const made = wanted.secret === undefined ? { secret: definition.secret } : {};
        const view = { ...listenerView(after, block), ...made };
        await live.commit([notifications.outcome, become('active')], options.answered(view));
        this.#machines.dependencies.log.info({ ramBlockId, listenerId: listener.id }, 'listener registered');
        return view;
      }
      if (problem.extras.unsettled?.length === 0) {
        await live.commit([notifications.outcome, { ramBlockId, kind: 'listener-removed', listenerId: listener.id }]);
      } else {
        notifications.note(listener, { unknown: [listener.range] });
        await live.commit([notifications.outcome, become('removing')]);
      }
      throw problem;
    }, options.signal);
  }

  /** Discards the section and populates it again. @throws as a populate; `not-found`, `listener-unsettled` */
  replay(ramBlockId: string, listenerId: string, options: ChangeOptions<ListenerView>): Promise<ListenerView> {
    const live = this.#machines.block(ramBlockId);
    const { block } = live;
    return live.inTurn(async () => {
      const listener = findListener(block, listenerId);
      await settleFirst(live, listener);
      const populate = { listener, runs: block.manager.replayFor(listener) };
      const notifications = await live.begin([listener.range], [populate]);
      const problem =
        (await notifications.discard([this.#farewell(block, listener)], 'replay')) ??
        (await notifications.populateAgain(populate, 'replay'));
      if (problem !== null) {
        await live.commit([notifications.outcome]);
        throw problem;
      }
      const after = settledListener(listener.definition, block, notifications.lastSequence(listener));
      const view = listenerView(after, block);
      await live.commit([notifications.outcome], options.answered(view));
      return view;
    }, options.signal);
  }

  /**
   * Unregisters a listener: it must acknowledge the discards, or it stays (QEMU: unregister_listener).
   * @param force the device is gone: nothing is waited for
   * @throws Problem `not-found`, `listener-unsettled`, `discard-unacknowledged`
   */
  unregister(ramBlockId: string, listenerId: string, force: boolean, signal: AbortSignal): Promise<void> {
    const live = this.#machines.block(ramBlockId);
    const { block } = live;
    return live.inTurn(async () => {
      const listener = findListener(block, listenerId);
      const removed: BlockRecord = { ramBlockId, kind: 'listener-removed', listenerId };
      if (force) {
        await live.commit([removed]);
        this.#machines.dependencies.log.info({ ramBlockId, listenerId, force }, 'listener unregistered');
        live.settling.abandon(listenerId);
        this.dismiss(live, listener);
        return;
      }
      await settleFirst(live, listener);
      const call = this.#farewell(block, listener);
      const notifications = await live.begin(call.runs, [call]);
      const problem = await notifications.discard([call], 'unregistration');
      await live.commit(problem === null ? [notifications.outcome, removed] : [notifications.outcome]);
      if (problem !== null) throw problem;
      this.#machines.dependencies.log.info({ ramBlockId, listenerId, force }, 'listener unregistered');
    }, signal);
  }

  /** Tells a listener that was removed by force to discard its section; nobody waits for its answer. */
  dismiss(live: LiveBlock, listener: RamDiscardListener): void {
    const { block } = live;
    const reserved = [...block.intents.values()].flatMap(({ calls }) => {
      return calls.filter((call) => call.listenerId === listener.id).map((call) => call.reservedThrough);
    });
    // Above every number that it may have been sent, so that it obeys no older delivery afterwards.
    listener.lastSequence = Math.max(listener.lastSequence, ...reserved);
    void live.notifications(new AbortController().signal).discard([this.#farewell(block, listener)], 'unregistration');
  }

  /** The discards that end a listener: of its section at once where it supports that, else of each populated run. */
  #farewell(block: RamBlock, listener: RamDiscardListener): Call {
    const whole = listener.definition.doubleDiscardSupported;
    return { listener, runs: whole ? [listener.range] : block.manager.replayFor(listener) };
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
    return { ...wanted, id: newId('lsn'), mode: 'sync', section, granularity, secret, createdAt: now().toISOString() };
  }
}

/** @throws Problem `not-found` */
export function findListener(block: RamBlock, listenerId: string): RamDiscardListener {
  const listener = block.manager.listeners.get(listenerId);
  if (listener === undefined) throw new Problem('not-found', `RAM block ${block.id} has no listener ${listenerId}`);
  return listener;
}
