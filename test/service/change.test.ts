// A change, step by step: planned, allowed, told and committed, in this order, and what is left of it where a step fails.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlockRecord } from '../../src/core/records.ts';
import type { Call, Round } from '../../src/core/rounds.ts';
import type { DeliveryAnswer } from '../../src/listeners/delivery.ts';
import { Change, type PartPlan } from '../../src/service/change.ts';
import { planConversions } from '../../src/service/conversion-plans.ts';
import { attributesOf } from '../../src/service/conversions.ts';
import type { LiveBlock } from '../../src/service/live-block.ts';
import { Machines } from '../../src/service/machines.ts';
import type { Change as Fact } from '../../src/service/views.ts';
import { dependenciesWith, NO_CONDITIONS } from '../support/dependencies.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { PAGE } from '../support/listener-definitions.ts';
import { type Rules, rulesOf } from '../support/rules.ts';

let machines: Machines;
let rules: Rules;
/** What happened, in order: appends by the kinds of their records, and deliveries. */
let log: string[];
/** What is answered, by type and name of the listener; everything else is accepted. */
let answers: Map<string, DeliveryAnswer>;
let kept: unknown[];

const REFUSED: DeliveryAnswer = { outcome: 'refused', status: 409, detail: 'no room' };
const UNANSWERED: DeliveryAnswer = { outcome: 'unanswered', status: 500, detail: 'HTTP 500' };

/** A journal that logs what is appended, once it is durable. */
class LoggingJournal extends FaultyJournal {
  override async append(...append: Parameters<FaultyJournal['append']>): Promise<void> {
    await super.append(...append);
    const [, , records, answer] = append;
    if (answer) kept.push(String(answer.content));
    log.push([...records.map(({ kind }: BlockRecord) => kind), ...(answer ? ['answer'] : [])].join(' + '));
  }
}

beforeEach(async () => {
  [log, answers, kept] = [[], new Map(), []];
  const journal = new LoggingJournal();
  machines = await Machines.open(
    dependenciesWith({
      openJournal: journal.open,
      deliver: async ({ type, listener, sections }) => {
        const { url } = listener.definition;
        const name = new URL(url).pathname.slice(1);
        log.push(
          `${type} ${name} ${sections.map(({ offsetWithinRegion: offset, size }) => `${offset / PAGE}+${size / PAGE}`).join(' ')}`,
        );
        return answers.get(`${type} ${name}`) ?? { outcome: 'accepted' };
      },
    }),
  );
  rules = rulesOf(machines);
});

afterEach(async () => {
  await machines.close();
});

async function blockAt(gpa: number): Promise<LiveBlock> {
  const { id } = await rules.ramBlocks.create(
    {
      idstr: `ram-${gpa}`,
      usedLength: 8 * PAGE,
      maxLength: undefined,
      pageSize: PAGE,
      machine: 'm',
      gpa,
      guestMemfd: true,
    },
    NO_CONDITIONS,
  );
  return machines.block(id);
}

async function listen(live: LiveBlock, name: string, dmaMaxMappings: number | null = null): Promise<string> {
  const wanted = {
    ...{ mode: 'sync' as const, url: `http://127.0.0.1:9/${name}`, granularity: undefined, maxSections: 512 },
    ...{ doubleDiscardSupported: true, coordinatedDiscard: true, timeoutMs: 1000, description: null },
    ...{ dmaMaxMappings, secret: undefined, section: { offset: 0, size: null, offsetWithinAddressSpace: undefined } },
  };
  return (await rules.listeners.register(live.block.id, wanted, NO_CONDITIONS)).id;
}

/** Plans that pages of each block turn shared (a positive count, from page 0) or private. */
function plan(live: LiveBlock, pages: number, to: 'shared' | 'private'): PartPlan<Fact> {
  const asked = [{ offset: 0, size: pages * PAGE, to }];
  let number = 0;
  return planConversions(live, attributesOf(live.block), asked, () => `cnv_${live.block.id}_${++number}`);
}

/** Carries plans out as the conversions do, and keeps the answer: the generations and changed pages of the facts. */
function carryOut(...plans: PartPlan<Fact>[]) {
  log.length = 0;
  return new Change(plans, 'conversion').carryOut(
    (facts) => facts.map(({ generation, steps }) => [generation, steps[0]?.changedPages]),
    (answer) => ({ key: 'k', fingerprint: 'f', at: 0, owner: '', content: Buffer.from(JSON.stringify(answer)) }),
  );
}

const shared = ({ block }: LiveBlock) => block.attributes?.bitmap.populated;

describe('a change that all listeners accept', () => {
  it('makes its intent durable before the first call, and the outcome, the fact and the answer after the last, at once', async () => {
    const live = await blockAt(0);
    await listen(live, 'old');
    await listen(live, 'new');
    expect(await carryOut(plan(live, 4, 'shared'))).toEqual([[1, 4]]);
    expect(log).toEqual(['intent', 'populate new 0+4', 'populate old 0+4', 'outcome + source-changed + answer']);
    expect(kept).toEqual([JSON.stringify([[1, 4]])]);
    expect(shared(live)).toBe(4);
  });

  it('changes nothing that can be seen before it is durable', async () => {
    const live = await blockAt(0);
    await listen(live, 'one');
    const done = carryOut(plan(live, 4, 'shared'));
    expect(shared(live)).toBe(0);
    await done;
    expect([shared(live), live.block.generation]).toEqual([4, 1]);
  });

  it('is one append over all of its blocks, and one intent; discards are sent to all at once', async () => {
    const [first, second] = [await blockAt(0), await blockAt(8 * PAGE)];
    await listen(first, 'a');
    await listen(second, 'b');
    await carryOut(plan(first, 8, 'shared'), plan(second, 2, 'shared'));
    expect(log).toEqual([
      'intent + intent',
      'populate a 0+8',
      'populate b 0+2',
      'outcome + source-changed + outcome + source-changed + answer',
    ]);
    expect(await carryOut(plan(first, 1, 'private'), plan(second, 1, 'private'))).toEqual([
      [2, 1],
      [2, 1],
    ]);
    expect(log.slice(1, 3)).toEqual(['discard a 0+1', 'discard b 0+1']);
  });
});

describe('a change that nobody is told of', () => {
  it('has no intent', async () => {
    const live = await blockAt(0);
    expect(await carryOut(plan(live, 4, 'shared'))).toEqual([[1, 4]]);
    expect(log).toEqual(['source-changed + answer']);
  });

  it('that changes nothing keeps its answer, and brings no record and no generation', async () => {
    const live = await blockAt(0);
    await listen(live, 'one');
    expect(await carryOut(plan(live, 4, 'private'))).toEqual([[0, 0]]);
    expect(log).toEqual(['answer']);
    expect(live.block.generation).toBe(0);
  });
});

describe('a change that a listener objects to', () => {
  it('leaves no fact and no answer: who accepted is told the opposite, and the intent ends', async () => {
    const live = await blockAt(0);
    const old = await listen(live, 'old');
    await listen(live, 'new');
    answers.set('populate old', REFUSED);
    await expect(carryOut(plan(live, 4, 'shared'))).rejects.toMatchObject({
      code: 'listener-refused',
      extras: { listenerId: old, unsettled: [] },
    });
    expect(log.slice(0, 3)).toEqual(['intent', 'populate new 0+4', 'populate old 0+4']);
    // The one that refused may have mapped a part.
    expect(log.slice(3, -1).toSorted()).toEqual(['discard new 0+4', 'discard old 0+4']);
    expect(log.at(-1)).toBe('outcome');
    expect([shared(live), live.block.generation, live.block.intents.length, kept]).toEqual([0, 0, 0, []]);
  });

  it('calls nobody after the one that refused, in no block', async () => {
    const [first, second] = [await blockAt(0), await blockAt(8 * PAGE)];
    await listen(first, 'a');
    await listen(second, 'b');
    answers.set('populate a', REFUSED);
    await expect(carryOut(plan(first, 4, 'shared'), plan(second, 4, 'shared'))).rejects.toMatchObject({
      code: 'listener-refused',
    });
    expect(log).toEqual(['intent + intent', 'populate a 0+4', 'discard a 0+4', 'outcome + outcome']);
  });

  it('turns nothing private where a discard is not acknowledged: who did acknowledge it is populated again', async () => {
    const live = await blockAt(0);
    const old = await listen(live, 'old');
    const other = await listen(live, 'new');
    await carryOut(plan(live, 4, 'shared'));
    answers.set('discard old', UNANSWERED);
    await expect(carryOut(plan(live, 2, 'private'))).rejects.toMatchObject({
      code: 'discard-unacknowledged',
      extras: { unacknowledged: [old], unsettled: [old], rolledBack: [other] },
    });
    expect(log).toEqual(['intent', 'discard new 0+2', 'discard old 0+2', 'populate new 0+2', 'outcome']);
    expect([shared(live), live.block.generation]).toEqual([4, 1]);
  });

  it('notes what is not known of a listener that gave no answer', async () => {
    const live = await blockAt(0);
    const id = await listen(live, 'one');
    answers.set('populate one', UNANSWERED);
    await expect(carryOut(plan(live, 4, 'shared'))).rejects.toMatchObject({
      code: 'listener-unreachable',
      extras: { unsettled: [id] },
    });
    expect(live.block.manager.listeners.get(id)?.unknown).toEqual([{ start: 0, end: 4 }]);
  });
});

describe('a change that is not allowed', () => {
  it('calls nobody where a listener that would hear of it has pages of unknown state', async () => {
    const [first, second] = [await blockAt(0), await blockAt(8 * PAGE)];
    await listen(first, 'a');
    const id = await listen(second, 'b');
    second.block.manager.listeners
      .get(id)
      ?.noteOutcome({ listenerId: id, lastSequence: 1, unknown: [{ start: 6, end: 7 }] });
    await expect(carryOut(plan(first, 4, 'shared'), plan(second, 4, 'shared'))).rejects.toMatchObject({
      code: 'listener-unsettled',
      extras: { unsettled: [id], sections: [{ offset: 6 * PAGE, size: PAGE }] },
    });
    expect(log).toEqual([]);
  });

  it('calls nobody where a listener would need more DMA mappings than it has', async () => {
    const live = await blockAt(0);
    await listen(live, 'few', 3);
    await expect(carryOut(plan(live, 4, 'shared'))).rejects.toMatchObject({
      code: 'mapping-limit',
      extras: { needed: 4, limit: 3 },
    });
    expect(log).toEqual([]);
  });
});

it('a change whose rounds are several waits for each before it begins the next', async () => {
  const live = await blockAt(0);
  const id = await listen(live, 'one');
  const listener = live.block.manager.listeners.get(id);
  if (listener === undefined) throw new Error('the listener is gone');
  const hears = (start: number): readonly Call[] => [{ listener, runs: [{ start, end: start + 1 }] }];
  const rounds: Round[] = [
    { discards: hears(0), populates: hears(1) },
    { discards: hears(2), populates: hears(3) },
  ];
  await carryOut({ ...plan(live, 1, 'shared'), rounds });
  expect(log).toEqual([
    ...['intent', 'discard one 0+1', 'populate one 1+1', 'discard one 2+1', 'populate one 3+1'],
    'outcome + source-changed + answer',
  ]);
});
