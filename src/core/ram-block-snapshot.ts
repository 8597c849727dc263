// The state of a RAM block as bytes and back: what a journal keeps in the place of many records. JSON, so that a person
// can read it; of mixed chunks it has the runs, or where these are many, the words as base64.
import { Backlog, type BacklogState } from './backlog.ts';
import { CHUNK_PAGES, CHUNK_WORDS, PageBitmap } from './page-bitmap.ts';
import { RamBlock } from './ram-block.ts';
import { type ListenerPhase, RamDiscardListener } from './ram-discard-listener.ts';
import type { Intent, ListenerDefinition, RamBlockDefinition, SourceDefinition } from './records.ts';
import type { PageRange } from './section.ts';

interface BitmapSnapshot {
  /** Runs of pages in chunks that are full. */
  readonly full: readonly PageRange[];
  /** Chunk number, and either where each run begins within it and how long it is, or all its words, little endian. */
  readonly mixed: readonly (readonly [number, readonly number[] | string])[];
}

/** A chunk with more runs takes less room as words. */
const MAX_RUNS = 512;
/** Not more, for their memory is free again only when the last of them is not needed any more. */
const CHUNKS_AT_ONCE = 16;

interface ListenerSnapshot {
  readonly definition: ListenerDefinition;
  readonly phase: ListenerPhase;
  readonly lastSequence: number;
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
    intents: [...block.intents.values()],
  };
  return new TextEncoder().encode(JSON.stringify(snapshot));
}

/** @throws SyntaxError when `bytes` are not what {@link encodeSnapshot} made */
export function decodeSnapshot(bytes: Uint8Array): RamBlock {
  // Our own writing: the journal has checked that it is as it was written.
  const snapshot = JSON.parse(new TextDecoder().decode(bytes)) as Snapshot;
  const block = new RamBlock(snapshot.block);
  for (const { definition, bitmap } of snapshot.sources) {
    const source = block.makeSource(definition, []);
    decodeBitmap(source.bitmap, bitmap);
    block.manager.addSource(source);
  }
  for (const listener of snapshot.listeners) block.manager.addListener(decodeListener(block, listener));
  for (const intent of snapshot.intents) block.intents.set(intent.id, intent);
  block.generation = snapshot.generation;
  return block;
}

function encodeListener(listener: RamDiscardListener): ListenerSnapshot {
  const { definition, phase, lastSequence, unknown, unmapped, backlog } = listener;
  const kept = { definition, phase, lastSequence, unknown, unmapped };
  if (backlog === null) return kept;
  // Of an async listener the last sequence that is durable: what was sent beyond it will be sent again, the same.
  const { acknowledged, failingSince, wanted, pending, replayThrough, mapped, reach } = backlog;
  const state = { acknowledged, failingSince, wanted, pending, replayThrough, mapped: encodeBitmap(mapped), reach };
  return { ...kept, lastSequence: acknowledged, backlog: state };
}

function decodeListener(block: RamBlock, kept: ListenerSnapshot): RamDiscardListener {
  const { definition, phase, lastSequence, unknown, unmapped, backlog: state } = kept;
  const pages = block.definition.maxLength / block.pageSize;
  const backlog =
    state === undefined
      ? null
      : new Backlog({ ...state, mapped: decodeBitmap(new PageBitmap(pages), state.mapped) }, definition.maxSections);
  const listener = new RamDiscardListener(definition, block.usedLength, block.pageSize, backlog);
  listener.phase = phase;
  listener.noteOutcome({ listenerId: listener.id, lastSequence, unknown, unmapped });
  return listener;
}

function encodeBitmap(bitmap: PageBitmap): BitmapSnapshot {
  const mixed = [...bitmap.mixedChunks()].map(([chunk, words]) => [chunk, encodeChunk(bitmap, chunk, words)] as const);
  return { full: bitmap.fullChunks(), mixed };
}

function encodeChunk(bitmap: PageBitmap, chunk: number, words: Uint32Array): number[] | string {
  const base = chunk * CHUNK_PAGES;
  const range = { start: base, end: Math.min(base + CHUNK_PAGES, bitmap.length) };
  const runs = bitmap.listRuns(range, true);
  if (runs.length > MAX_RUNS) return toBase64(words);
  const content: number[] = [];
  for (const { start, end } of runs) content.push(start - base, end - start);
  return content;
}

/** Fills `bitmap`, which is empty. */
function decodeBitmap(bitmap: PageBitmap, { full, mixed }: BitmapSnapshot): PageBitmap {
  for (const run of full) bitmap.set(run);
  const words = newWords(mixed.length);
  for (const [chunk, content] of mixed) {
    if (typeof content === 'string') bitmap.setChunk(chunk, fromBase64(content));
    else bitmap.setRuns(chunk, content, words.next().value);
  }
  return bitmap;
}

/** Words for so many chunks, some of them in one piece: to ask for each alone takes longer than to fill it. */
function* newWords(chunks: number): Generator<Uint32Array, Uint32Array> {
  for (let left = chunks; ; left -= CHUNKS_AT_ONCE) {
    const count = Math.max(1, Math.min(left, CHUNKS_AT_ONCE));
    const words = new Uint32Array(count * CHUNK_WORDS);
    for (let at = 0; at < words.length; at += CHUNK_WORDS) yield words.subarray(at, at + CHUNK_WORDS);
  }
}

function toBase64(words: Uint32Array): string {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength).toBase64();
}

function fromBase64(text: string): Uint32Array {
  const bytes = Uint8Array.fromBase64(text);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
