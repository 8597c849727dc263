// The state of a RAM block as bytes and back: what a journal keeps in the place of many records. JSON, so that a person
// can read it; the words of mixed chunks are base64 within.
import { CHUNK_PAGES, type PageBitmap } from './page-bitmap.ts';
import { RamBlock } from './ram-block.ts';
import type { ListenerPhase } from './ram-discard-listener.ts';
import type { Intent, ListenerDefinition, RamBlockDefinition, SourceDefinition } from './records.ts';
import type { PageRange } from './section.ts';

interface BitmapSnapshot {
  /** Runs of pages in chunks that are full. */
  readonly full: readonly PageRange[];
  /** Chunk number and its words, little endian. */
  readonly mixed: readonly (readonly [number, string])[];
}

interface Snapshot {
  readonly block: RamBlockDefinition;
  readonly generation: number;
  readonly sources: readonly { readonly definition: SourceDefinition; readonly bitmap: BitmapSnapshot }[];
  readonly listeners: readonly {
    readonly definition: ListenerDefinition;
    readonly phase: ListenerPhase;
    readonly lastSequence: number;
    readonly unknown: readonly PageRange[];
    readonly unmapped: readonly PageRange[];
  }[];
  readonly intents: readonly Intent[];
}

export function encodeSnapshot(block: RamBlock): Uint8Array<ArrayBuffer> {
  const snapshot: Snapshot = {
    block: block.definition,
    generation: block.generation,
    sources: [...block.manager.sources.values()].map(({ definition, bitmap }) => {
      return { definition, bitmap: encodeBitmap(bitmap) };
    }),
    listeners: [...block.manager.listeners.values()].map((listener) => {
      const { definition, phase, lastSequence, unknown, unmapped } = listener;
      return { definition, phase, lastSequence, unknown, unmapped };
    }),
    intents: [...block.intents.values()],
  };
  return new TextEncoder().encode(JSON.stringify(snapshot));
}

/** @throws SyntaxError when `bytes` are not what {@link encodeSnapshot} made */
export function decodeSnapshot(bytes: Uint8Array): RamBlock {
  // Our own writing: the journal has checked that it is as it was written.
  const snapshot = JSON.parse(new TextDecoder().decode(bytes)) as Snapshot;
  const block = new RamBlock(snapshot.block);
  const ramBlockId = block.id;
  for (const { definition, bitmap } of snapshot.sources) {
    const source = block.makeSource(definition, bitmap.full);
    decodeMixed(source.bitmap, bitmap.mixed);
    block.manager.addSource(source);
  }
  for (const { definition, phase, lastSequence, unknown, unmapped } of snapshot.listeners) {
    block.apply({ ramBlockId, kind: 'listener-added', listener: definition });
    if (phase !== 'registering') block.apply({ ramBlockId, kind: 'listener-phase', listenerId: definition.id, phase });
    const listeners = [{ listenerId: definition.id, lastSequence, unknown, unmapped }];
    block.apply({ ramBlockId, kind: 'outcome', intentId: '', listeners });
  }
  for (const intent of snapshot.intents) block.intents.set(intent.id, intent);
  block.generation = snapshot.generation;
  return block;
}

function encodeBitmap(bitmap: PageBitmap): BitmapSnapshot {
  const mixed = [...bitmap.mixedChunks()].map(([chunk, words]) => [chunk, toBase64(words)] as const);
  const uniform = bitmap.clone();
  for (const [chunk] of mixed) {
    uniform.clear({ start: chunk * CHUNK_PAGES, end: Math.min((chunk + 1) * CHUNK_PAGES, bitmap.length) });
  }
  return { full: [...uniform.allRuns(true)], mixed };
}

function decodeMixed(bitmap: PageBitmap, mixed: BitmapSnapshot['mixed']): void {
  for (const [chunk, words] of mixed) {
    const bytes = Uint8Array.fromBase64(words);
    bitmap.setChunk(chunk, new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4));
  }
}

function toBase64(words: Uint32Array): string {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength).toBase64();
}
