// What a change that failed half way has left at a listener: one that had not mapped all that is populated, one that
// refuses what it had mapped before.
import { expect, it } from 'vitest';
import { RamDiscardListener } from '../../src/core/ram-discard-listener.ts';
import type { PageRange } from '../../src/core/section.ts';
import type { DeliveryType } from '../../src/listeners/delivery.ts';
import { rollbackOf } from '../../src/service/rollback.ts';
import { listenerDefinition, PAGE } from '../support/listener-definitions.ts';

const pages = (start: number, end: number): PageRange[] => [{ start, end }];

function listenerThatLacks(unmapped: readonly PageRange[]): RamDiscardListener {
  const listener = new RamDiscardListener(listenerDefinition(), {
    usedLength: 4 * PAGE,
    maxLength: 4 * PAGE,
    pageSize: PAGE,
  });
  listener.noteOutcome({ listenerId: listener.id, lastSequence: 1, unmapped });
  return listener;
}

type Delivered = readonly [type: DeliveryType, runs: readonly PageRange[], outcome?: 'refused'];

/** What is left of deliveries that were accepted, where they do not say otherwise. */
function rollbackAfter(listener: RamDiscardListener, ...told: Delivered[]) {
  const all = told.map(([type, runs, outcome]) => {
    const answer = outcome === undefined ? ({ outcome: 'accepted' } as const) : { outcome, status: 409, detail: '' };
    return { call: { listener, runs }, type, sent: runs, answer };
  });
  const { added, removed } = rollbackOf(listener, all);
  return { added, removed };
}

it('takes away again what was mapped of pages that were not mapped before', () => {
  const listener = listenerThatLacks(pages(1, 2));
  const rollback = rollbackAfter(
    listener,
    ['discard', pages(0, 2)],
    ['populate', pages(1, 3)],
    ['discard', pages(2, 3)],
  );
  expect(rollback).toEqual({ added: pages(1, 2), removed: pages(0, 1) });
});

it('does not give back what was not mapped before', () => {
  const listener = listenerThatLacks(pages(1, 2));
  expect(rollbackAfter(listener, ['discard', pages(0, 2)])).toEqual({ added: [], removed: pages(0, 1) });
  expect(rollbackAfter(listener, ['discard', pages(1, 2)])).toEqual({ added: [], removed: [] });
});

it('gives back all that was mapped', () => {
  const listener = listenerThatLacks([]);
  const there = rollbackAfter(listener, ['discard', pages(0, 2)], ['populate', pages(1, 3)]);
  expect(there).toEqual({ added: pages(2, 3), removed: pages(0, 1) });
});

it('gives back what was discarded first, and refused when it was to be mapped again', () => {
  const listener = listenerThatLacks([]);
  const rollback = rollbackAfter(
    listener,
    ['populate', pages(1, 2)],
    ['discard', pages(0, 1)],
    ['populate', pages(0, 1), 'refused'],
  );
  // It may have mapped it before it refused, so that it is discarded first.
  expect(rollback).toEqual({ added: pages(0, 2), removed: pages(0, 1) });
});
