// What a listener's view costs: as much as it shows, however much of the listener is not settled.
import { afterEach, expect, it, vi } from 'vitest';
import { PageBitmap } from '../../src/core/page-bitmap.ts';
import { RamBlock } from '../../src/core/ram-block.ts';
import { listenerView, unknownSections } from '../../src/service/views.ts';
import { listenerDefinition, PAGE } from '../support/listener-definitions.ts';

const RUNS = 20_000;
const SHOWN = 1000;

afterEach(() => {
  vi.restoreAllMocks();
});

/** A block and a listener of it that has every other page in an unknown state, and every fourth one mapped. */
function unsettled() {
  const usedLength = 4 * RUNS * PAGE;
  const block = new RamBlock({
    id: 'blk',
    machine: 'm',
    idstr: 'ram',
    ramAddr: 0,
    gpa: null,
    usedLength,
    maxLength: usedLength,
    pageSize: PAGE,
    resizeable: false,
    guestMemfd: true,
    createdAt: '',
  });
  const populated = Array.from({ length: 2 * RUNS }, (_, run) => ({ start: 2 * run, end: 2 * run + 1 }));
  const definition = { id: 'src', name: 'ram-block-attributes', granularity: PAGE };
  block.manager.addSource(block.makeSource(definition, populated));
  const listener = block.makeListener(listenerDefinition({ granularity: 4 * PAGE }), '');
  listener.phase = 'active';
  block.manager.addListener(listener);
  const unknown = Array.from({ length: RUNS }, (_, run) => ({ start: 4 * run, end: 4 * run + 1 }));
  listener.noteOutcome({ listenerId: 'lsn', lastSequence: 1, unknown });
  return { block, listener };
}

it('counts what is not settled, and lists the first of it', () => {
  const { block, listener } = unsettled();
  const { mapped, unsettled: shown } = listenerView(listener, block);
  expect(mapped).toEqual({ bytes: RUNS * PAGE, runs: RUNS, mappings: RUNS });
  expect(shown).toMatchObject({ bytes: RUNS * PAGE, runs: RUNS, unknownBytes: RUNS * PAGE });
  expect(shown.sections).toHaveLength(SHOWN);
  expect(shown.sections.slice(0, 2)).toEqual([
    { offset: 0, size: PAGE },
    { offset: 4 * PAGE, size: PAGE },
  ]);
});

it('looks at no more runs than it shows', () => {
  const { block, listener } = unsettled();
  const next = vi.spyOn(PageBitmap.prototype, 'next');
  const listRuns = vi.spyOn(PageBitmap.prototype, 'listRuns');
  listenerView(listener, block);
  unknownSections(listener, PAGE);
  // Two looks a run, for its start and for its end; in the view and in the list of a problem.
  expect(next.mock.calls.length).toBeLessThan(5 * SHOWN);
  expect(listRuns).not.toHaveBeenCalled();
});
