// What a plan does not take: it says at which line, and that nothing of the trace is a conversion.
import { describe, expect, it } from 'vitest';
import { Planner, type PlanOptions } from '../../src/planner/planner.ts';
import type { TraceEvent } from '../../src/traces/trace-event.ts';
import { eventAt, GIB, MIB, PAGE, planText, toShared } from './planning.ts';

/** Gives line after line. @returns the problem that ends it */
function refusalOf(lines: number, event: (line: number) => TraceEvent, options: PlanOptions = {}): unknown {
  const planner = new Planner(options);
  try {
    for (let line = 1; line <= lines; line++) planner.add(event(line));
  } catch (error) {
    return error;
  }
  return null;
}

describe('a trace is too much', () => {
  it('with more ranges that are shared at a time than there may be', () => {
    const [maxRanges, apart] = [1000, 2 * PAGE];
    expect(refusalOf(1000, (line) => eventAt(line, line * apart, PAGE), { maxRanges })).toBeNull();
    const refusal = refusalOf(1001, (line) => eventAt(line, line * apart, PAGE), { maxRanges });
    const message = 'at line 1001 the trace is more than a plan can take: more than 1000 ranges are shared';
    expect(refusal).toMatchObject({ code: 'payload-too-large', message });
  });

  it('with pages of more than 2 TiB that are converted alone', () => {
    const apart = 128 * MIB;
    expect(refusalOf(2 ** 14, (line) => eventAt(line, line * apart, PAGE))).toBeNull();
    const refusal = refusalOf(2 ** 14 + 1, (line) => eventAt(line, line * apart, PAGE));
    expect(refusal).toMatchObject({ code: 'payload-too-large', message: expect.stringMatching(/^at line 16385 /) });
  });

  it('with conversions that cover more than 2 PiB together', () => {
    const size = 64 * 1024 * GIB;
    const refusal = refusalOf(40, (line) => eventAt(line, 0, size, line % 2 === 0 ? 'private' : 'shared'));
    expect(refusal).toMatchObject({
      code: 'payload-too-large',
      message: expect.stringMatching(/^at line 33 .* 2 PiB/),
    });
  });
});

describe('no line is a conversion', () => {
  it.each([
    ['', 'the trace is empty: it has no line'],
    [
      'hello\nworld\n',
      /^no line of the trace is a conversion: from line 1 to line 2 there is none of kvm_convert_memory/,
    ],
    [
      'hello\nkvm_convert_memory start 4096 size 4096 private_to_shared\n',
      'line 2 names kvm_convert_memory, but cannot be read: "kvm_convert_memory start 4096 size 4096 private_to_shared"',
    ],
    ['# kvm_convert_memory start 0x0\n', /from line 1 to line 1/],
  ])('of %j', async (text, message) => {
    const problem = {
      code: 'invalid-request',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    };
    await expect(planText(text)).rejects.toMatchObject(problem);
  });

  it('that can be applied: there is still a plan', async () => {
    const plan = await planText(toShared(1, PAGE), { maps: ['0:1G'] });
    expect(plan.lines).toMatchObject({ applied: 0, refused: [{ reason: 'unaligned', lines: 1, firstLine: 1 }] });
    expect(plan.conversions).toMatchObject({ total: 0, perSecond: null, busiestSecond: null, sizes: [] });
    expect(plan.lifetimes).toMatchObject({ ranges: 0, shortest: null, longest: null, mean: null, histogram: [] });
    expect(plan.clock).toEqual({ unit: 'conversions', duration: 0 });
    expect(plan).toMatchObject({ ramBytes: GIB, smallestGranularity: PAGE });
  });

  it('but one that names an event and cannot be read ends the plan with its text', async () => {
    const planned = planText(`${toShared(0, PAGE)}kvm_convert_memory start 0x10\u009b\r\nother\n`);
    await expect(planned).rejects.toMatchObject({
      code: 'invalid-request',
      message: 'line 2 names kvm_convert_memory, but cannot be read: "kvm_convert_memory start 0x10\\u{9b}"',
    });
  });

  it('but the last one without a line feed may be cut off: it is still being written', async () => {
    const plan = await planText(`${toShared(0, PAGE)}kvm_convert_memory start 0x10`);
    expect(plan.lines).toMatchObject({ total: 2, applied: 1, foreign: 1, cutOff: true });
  });
});
