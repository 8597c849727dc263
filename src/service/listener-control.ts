// What is done to a listener that is registered: replay, change of its address, its secret, its pace.
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { ListenerChanges, NewRecord } from '../core/records.ts';
import { aboutListener, Problem } from '../errors.ts';
import type { AsyncListener } from './async-listener.ts';
import { settleFirst } from './change.ts';
import { findListener } from './listeners.ts';
import type { LiveBlock } from './live-block.ts';
import type { Machines } from './machines.ts';
import type { ChangeOptions, TurnOptions } from './options.ts';
import { type ListenerView, listenerView, settledListener } from './views.ts';

/** What a client may change; what is undefined stays. Milliseconds. */
export interface ListenerUpdate {
  readonly url?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly description?: string | null | undefined;
  readonly state?: 'active' | 'disabled' | undefined;
}

export interface SecretRotation {
  readonly secret: string;
  /** Until when the secret before it signs too, ISO 8601. */
  readonly previousSecretUntil: string;
}

/** Secrets beside the newest that can be good at once. */
const PREVIOUS_SECRETS = 4;

export class ListenerControl {
  readonly #machines: Machines;

  constructor(machines: Machines) {
    this.#machines = machines;
  }

  /**
   * Discards the section and populates it again; at an async listener that follows, in the place of all that is pending.
   * @throws as a populate; `not-found`, `listener-unsettled`, `too-many-runs`
   */
  replay(ramBlockId: string, listenerId: string, options: ChangeOptions<ListenerView>): Promise<ListenerView> {
    return this.#inTurn(ramBlockId, listenerId, options, (live, listener) => {
      return listener.backlog === null ? replaySync(live, listener, options) : replayAsync(live, listener, options);
    });
  }

  /**
   * Changes what a listener is. The address is that of the same device, and is called from the next attempt on. An async
   * one that is disabled is told nothing, and when it is active again, all anew.
   * @throws Problem `not-found`, `target-not-allowed`, `listener-not-async`, `invalid-request`
   */
  async update(
    ramBlockId: string,
    listenerId: string,
    { state, ...wanted }: ListenerUpdate,
    options: TurnOptions,
  ): Promise<ListenerView> {
    const live = this.#machines.block(ramBlockId);
    findListener(live.block, listenerId);
    const fields = { ...wanted };
    if (wanted.url !== undefined) {
      await this.#machines.dependencies.checkTarget(wanted.url);
      fields.url = new URL(wanted.url).href;
    }
    return this.#inTurn(ramBlockId, listenerId, options, async (_live, listener) => {
      const changes = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
      const news: NewRecord[] = [];
      if (Object.keys(changes).length > 0) news.push({ ramBlockId, kind: 'listener-changed', listenerId, changes });
      if (state === undefined) {
        await live.commit(news);
        live.settling.hurry(listenerId);
        return listenerView(listener, live.block);
      }
      const asyncListener = asyncListenerOf(live, listener);
      if (listener.phase === 'removing') {
        const detail = `listener ${listenerId} is being removed`;
        throw new Problem('invalid-request', detail, { errors: [{ path: ['state'], detail }] });
      }
      await asyncListener.between(async (givenUp) => {
        const isChange = listener.phase !== state;
        const turn: NewRecord = { ramBlockId, kind: 'listener-phase', listenerId, phase: state, givenUp };
        await live.commit(isChange ? [...news, turn] : news);
      });
      return listenerView(listener, live.block);
    });
  }

  /**
   * Gives a listener another secret; the one before it signs too while the grace lasts, and none longer than that.
   * @param secret `whsec_` and base64; undefined: one is made @param graceSeconds 0 to 604800
   * @throws Problem `not-found`
   */
  rotateSecret(
    ramBlockId: string,
    listenerId: string,
    { secret, graceSeconds }: { readonly secret: string | undefined; readonly graceSeconds: number },
    options: ChangeOptions<SecretRotation>,
  ): Promise<SecretRotation> {
    return this.#inTurn(ramBlockId, listenerId, options, async (live, { definition }) => {
      const { newSecret, now, log } = this.#machines.dependencies;
      const at = now();
      const until = new Date(at + graceSeconds * 1000).toISOString();
      const older = (definition.previousSecrets ?? [])
        .filter((previous) => Date.parse(previous.until) > at)
        .map((previous) => (previous.until < until ? previous : { ...previous, until }));
      const previousSecrets = [{ secret: definition.secret, until }, ...older].slice(0, PREVIOUS_SECRETS);
      const rotation = { secret: secret ?? newSecret(), previousSecretUntil: until };
      const changes: ListenerChanges = { secret: rotation.secret, previousSecrets };
      const changed: NewRecord = { ramBlockId, kind: 'listener-changed', listenerId, changes };
      await live.commit([changed], options.answered(rotation));
      log.info({ ramBlockId, listenerId, until }, 'secret rotated');
      return rotation;
    });
  }

  /**
   * Sends what is pending now, not when the schedule has it; to a sync listener, what settles it.
   * @throws Problem `not-found`; `listener-not-async` where a sync listener has nothing unsettled
   */
  retry(ramBlockId: string, listenerId: string, options: ChangeOptions<ListenerView>): Promise<ListenerView> {
    return this.#inTurn(ramBlockId, listenerId, options, async (live, listener) => {
      if (!listener.isUnsettled) asyncListenerOf(live, listener);
      const view = listenerView(listener, live.block);
      await live.commit([], options.answered(view));
      live.settling.hurry(listenerId);
      if (listener.backlog !== null) live.asyncListeners.of(listener).retry();
      return view;
    });
  }

  /**
   * Gives up the oldest pending delivery; its ranges follow with reason `recovery`, as they are then.
   * @throws Problem `not-found`, `listener-not-async`
   */
  skip(ramBlockId: string, listenerId: string, options: ChangeOptions<ListenerView>): Promise<ListenerView> {
    return this.#inTurn(ramBlockId, listenerId, options, (live, listener) => {
      return asyncListenerOf(live, listener).between(async (_sent, accepted) => {
        const view = listenerView(listener, live.block);
        const sequence = accepted + 1;
        const skipped: NewRecord = { ramBlockId, kind: 'delivery-skipped', listenerId, sequence };
        const isPending = listener.backlog?.at(sequence) !== undefined;
        await live.commit(isPending ? [skipped] : [], options.answered(view));
        return view;
      });
    });
  }

  #inTurn<T>(
    ramBlockId: string,
    listenerId: string,
    options: TurnOptions,
    task: (live: LiveBlock, listener: RamDiscardListener) => Promise<T>,
  ): Promise<T> {
    const live = this.#machines.block(ramBlockId);
    return live.inTurn(async () => task(live, findListener(live.block, listenerId)), options);
  }
}

async function replaySync(
  live: LiveBlock,
  listener: RamDiscardListener,
  options: ChangeOptions<ListenerView>,
): Promise<ListenerView> {
  const { block } = live;
  await settleFirst(live, listener);
  const discard = { listener, runs: [listener.range] };
  const populate = { listener, runs: block.manager.replayFor(listener, live.newRunBudget()) };
  const notifications = await live.begin([discard, populate]);
  const problem =
    (await notifications.discard(discard, 'replay')) ?? (await notifications.populateAgain(populate, 'replay'));
  if (problem !== null) {
    await live.commit([notifications.outcome]);
    throw problem;
  }
  const view = listenerView(settledListener(block, listener.definition, listener.lastSequence), block);
  await live.commit([notifications.outcome], options.answered(view));
  return view;
}

function replayAsync(
  live: LiveBlock,
  listener: RamDiscardListener,
  options: ChangeOptions<ListenerView>,
): Promise<ListenerView> {
  const { id: ramBlockId } = live.block;
  return live.asyncListeners.of(listener).between(async (givenUp) => {
    const view = listenerView(listener, live.block);
    const wanted = { ramBlockId, kind: 'listener-replay', listenerId: listener.id, step: 'wanted', givenUp } as const;
    // One that is disabled gets its replay when it is active again, one that is about to go needs none.
    await live.commit(listener.phase === 'active' ? [wanted] : [], options.answered(view));
    return view;
  });
}

/** @throws Problem `listener-not-async` */
function asyncListenerOf(live: LiveBlock, listener: RamDiscardListener): AsyncListener {
  if (listener.backlog !== null) return live.asyncListeners.of(listener);
  const { block } = live;
  const { id } = listener;
  const detail = `listener ${id} is sync: it is waited for, and has nothing pending`;
  throw new Problem('listener-not-async', detail, aboutListener(block.id, id));
}
