// Records as folders of format 7 have them: those of a change of a source have only what cannot be told from the rest, for
// all steps together.
import type { BlockRecord, Conversion, SourceChanged, SourceStep } from '../core/records.ts';
import type { Section } from '../core/section.ts';
import { unpackRuns } from './packed-runs.ts';

type Change = BlockRecord & SourceChanged;

interface WrittenChange extends Omit<Change, 'kind' | 'steps'> {
  readonly kind: 'changed';
  readonly generation: number;
  /** Of each step, with a space between them (ids have none); behind the first, without what all begin with. */
  readonly ids: string;
  /** Characters that all ids begin with; left out where that is nothing. */
  readonly inCommon: number | undefined;
  /** Of each step its offset and its size. */
  readonly sections: readonly number[];
  /** Of each step what it was to become and what it was before: a letter for each. */
  readonly states: string;
  /** What else there is to say of a step, by its number; left out where that is nothing. */
  readonly rest: Readonly<Record<number, WrittenRest>> | undefined;
  /** The runs of the steps that set runs, by the number of the step: packed, in base64. */
  readonly runs: Readonly<Record<number, string>> | undefined;
}

interface WrittenRest {
  /** Left out where it is the whole section. */
  readonly changed?: readonly Section[];
  /** Beside `changed`, where that is not all of it. */
  readonly changedBytes?: number;
  /** Left out where it is that of the step before; nobody before the first. */
  readonly notified?: readonly string[];
}

const STATES = new Map(
  Object.entries({ s: 'shared', p: 'private', m: 'mixture', '+': 'populated', '-': 'discarded' } as const),
);

const NOBODY: readonly string[] = [];
const NOTHING: WrittenRest = {};

/** Returns a record of format 7, parsed, as it is today. */
export function recordOfFormat7(parsed: BlockRecord | WrittenChange): BlockRecord {
  return parsed.kind === 'changed' ? read(parsed) : parsed;
}

function read({
  ramBlockId,
  sourceId,
  at,
  generation,
  ids,
  inCommon = 0,
  sections,
  states,
  rest,
  runs: packed,
}: WrittenChange): Change {
  const steps: SourceStep[] = [];
  const own = states.length > 2 ? ids.split(' ') : [ids];
  const begin = ids.slice(0, inCommon);
  let notified = NOBODY;
  for (let index = 0; 2 * index < states.length; index++) {
    const [offset, size] = [sections[2 * index] ?? 0, sections[2 * index + 1] ?? 0];
    const id = (index === 0 ? '' : begin) + (own[index] ?? '');
    const { changed = [{ offset, size }], changedBytes, notified: others } = rest?.[index] ?? NOTHING;
    notified = others ?? notified;
    const conversion: Conversion = {
      id: id === '' ? null : id,
      ramBlockId,
      offset,
      size,
      to: stateOf(states, 2 * index) as Conversion['to'],
      from: stateOf(states, 2 * index + 1),
      changedBytes: changedBytes ?? bytesOf(changed),
      changed,
      changedTruncated: changedBytes !== undefined,
      generation,
      notified,
    };
    const runs = packed?.[index];
    steps.push(runs === undefined ? { conversion } : { conversion, runs: unpackRuns(Uint8Array.fromBase64(runs)) });
  }
  return { ramBlockId, kind: 'source-changed', sourceId, steps, at };
}

function stateOf(states: string, at: number): Conversion['from'] {
  return STATES.get(states[at] ?? '') as Conversion['from'];
}

function bytesOf(sections: readonly Section[]): number {
  let bytes = 0;
  for (const { size } of sections) bytes += size;
  return bytes;
}
