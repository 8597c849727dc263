// Records as folders of format 7 have them: those of a change of a source have only what cannot be told from the rest, for
// all steps together.
import type { BlockRecord, SourceChanged, SourceStep } from '../core/records.ts';
import { countPages, type Section, toPageRange } from '../core/section.ts';
import { unpackRuns } from './packed-runs.ts';

type Change = BlockRecord & SourceChanged;

interface WrittenChange extends Pick<Change, 'ramBlockId' | 'sourceId' | 'at'> {
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

/** What the letters of states say: of RamBlockAttributes, and of other sources. */
const STATES = { s: 'populated', p: 'discarded', m: 'mixture', '+': 'populated', '-': 'discarded' } as const;

const NOBODY: readonly string[] = [];
const NOTHING: WrittenRest = {};

/** Returns a record of format 7, parsed, as it is today. @param pageSize bytes of a page of its block */
export function recordOfFormat7(parsed: BlockRecord | WrittenChange, pageSize: number): BlockRecord {
  return parsed.kind === 'changed' ? read(parsed, pageSize) : parsed;
}

function read(change: WrittenChange, pageSize: number): Change {
  const { ramBlockId, sourceId, at, generation, ids, inCommon = 0, sections, states, rest, runs: packed } = change;
  const steps: SourceStep[] = [];
  const own = states.length > 2 ? ids.split(' ') : [ids];
  const begin = ids.slice(0, inCommon);
  let notified = NOBODY;
  for (let index = 0; 2 * index < states.length; index++) {
    const section = { offset: sections[2 * index] ?? 0, size: sections[2 * index + 1] ?? 0 };
    const id = (index === 0 ? '' : begin) + (own[index] ?? '');
    const { changed: shown = [section], changedBytes, notified: others } = rest?.[index] ?? NOTHING;
    notified = others ?? notified;
    const runs = packed?.[index];
    const changed =
      runs === undefined ? shown.map((each) => toPageRange(each, pageSize)) : unpackRuns(Uint8Array.fromBase64(runs));
    steps.push({
      id: id === '' ? null : id,
      range: toPageRange(section, pageSize),
      populate: stateOf(states, 2 * index) === 'populated',
      from: stateOf(states, 2 * index + 1),
      changed,
      changedPages: changedBytes === undefined ? countPages(changed) : changedBytes / pageSize,
      notified,
    });
  }
  const isConversion = states.startsWith('s') || states.startsWith('p');
  return { ramBlockId, kind: 'source-changed', sourceId, isConversion, generation, steps, at };
}

function stateOf(states: string, at: number): SourceStep['from'] {
  return STATES[states[at] as keyof typeof STATES];
}
