// The state of a RAM block as bytes and back: what a journal keeps in the place of many records. JSON, so that a person
// can read all of it but the bits.
import { Backlog, type BacklogState } from './backlog.ts';
import { type BitmapSnapshot, decodeBitmap, encodeBitmap } from './page-bitmap-snapshot.ts';
import { RamBlock } from './ram-block.ts';
import { type ListenerPhase, RamDiscardListener } from './ram-discard-listener.ts';
import { RamDiscardSource } from './ram-discard-source.ts';
import type { Intent, ListenerDefinition, RamBlockDefinition, SourceDefinition } from './records.ts';
import type { PageRange } from './section.ts';

interface ListenerSnapshot {
  readonly definition: ListenerDefinition;
  readonly phase: ListenerPhase;
  readonly lastSequence: number;
  /** Left out by versions that did not keep it: there it is what the snapshot's other numbers say. */
  readonly reservedThrough?: number;
  readonly unknown: readonly PageRange[];
  readonly unmapped: readonly PageRange[];
  /** Of an async listener. */
  readonly backlog?: Omit<BacklogState, 'mapped'> & { readonly mapped: BitmapSnapshot };
}

interface Snapshot {
  readonly block: RamBlockDefinition;
  readonly generation: number;
  readonly sources: readonly { readonly definition: SourceDefinition; readonly bitmap: BitmapSnapshot }[];
  readonly listeners: readonly ListenerSnapshot[];
  readonly intents: readonly Intent[];
}

export function encodeSnapshot(block: RamBlock): Uint8Array<ArrayBuffer> {
  const snapshot: Snapshot = {
    block: block.definition,
    generation: block.generation,
    sources: [...block.manager.sources.values()].map(({ definition, bitmap }) => {
      return { definition, bitmap: encodeBitmap(bitmap) };
    }),
    listeners: [...block.manager.listeners.values()].map(encodeListener),
    intents: block.intents,
  };
  return new TextEncoder().encode(JSON.stringify(snapshot));
}

/** @throws SyntaxError when `bytes` are not what {@link encodeSnapshot} made */
export function decodeSnapshot(bytes: Uint8Array): RamBlock {
  // Our own writing: the journal has checked that it is as it was written.
  const snapshot = JSON.parse(new TextDecoder().decode(bytes)) as Snapshot;
  const block = new RamBlock(snapshot.block);
  for (const { definition, bitmap } of snapshot.sources) {
    block.manager.addSource(new RamDiscardSource(definition, decodeBitmap(bitmap, block.pages.end)));
  }
  for (const listener of snapshot.listeners) block.manager.addListener(decodeListener(block, listener));
  for (const intent of snapshot.intents) block.addIntent(intent);
  block.generation = snapshot.generation;
  return block;
}

function encodeListener(listener: RamDiscardListener): ListenerSnapshot {
  const { definition, phase, lastSequence, reservedThrough, unknown, unmapped, backlog } = listener;
  const kept = { definition, phase, lastSequence, reservedThrough, unknown, unmapped };
  if (backlog === null) return kept;
  // Of an async listener the last sequence that is durable: what was sent beyond it will be sent again, the same.
  const { acknowledged, failingSince, wanted, pending, replayThrough, mapped, reach } = backlog;
  const state = { acknowledged, failingSince, wanted, pending, replayThrough, mapped: encodeBitmap(mapped), reach };
  return { ...kept, lastSequence: acknowledged, backlog: state };
}

function decodeListener(block: RamBlock, kept: ListenerSnapshot): RamDiscardListener {
  const { definition, phase, lastSequence, reservedThrough = 0, unknown, unmapped, backlog: state } = kept;
  const pages = block.definition.maxLength / block.pageSize;
  const backlog =
    state === undefined
      ? null
      : new Backlog({ ...state, mapped: decodeBitmap(state.mapped, pages) }, definition.maxSections);
  const listener = new RamDiscardListener(definition, block.definition, backlog);
  listener.phase = phase;
  listener.noteOutcome({ listenerId: listener.id, lastSequence, unknown, unmapped });
  listener.noteReserved(reservedThrough);
  return listener;
}
