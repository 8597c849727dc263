// The planner's answer: what a trace needs.
import { Type } from 'typebox';
import { LAYOUT_ORIGINS, REFUSAL_REASONS, TRACKINGS } from '../../planner/plan.ts';
import { RANGE_REFUSALS } from '../../traces/placement.ts';
import { CONVERSION_EVENTS, type TraceEventName } from '../../traces/trace-event.ts';
import { Bytes, Count, nullable, ref, stringEnum } from './common.ts';

const CLOSED = { additionalProperties: false };

/** In the unit of the plan's clock. */
const Time = (description: string) => Type.Number({ minimum: 0, description });
/** A count, or bytes, with a description of its own: beside a reference it would be lost. */
const Whole = (description: string) => {
  return Type.Integer({ format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });
};
const OrNull = (description: string) => {
  return Type.Unsafe<number | null>({ type: ['number', 'null'], minimum: 0, description });
};

export const PlanMoment = Type.Object(
  { line: Whole('Of the trace, from 1.'), at: Time('Since the first conversion.') },
  { $id: 'PlanMoment', description: 'A moment of the trace.', ...CLOSED },
);

export const PlanBlock = Type.Object(
  {
    idstr: Type.String(),
    gpa: nullable(ref(Bytes), { description: 'null where the trace has only offsets in it.' }),
    size: ref(Bytes),
    guessed: Type.Boolean({ description: 'Made to fit the trace, in whole GiB.' }),
  },
  { $id: 'PlanBlock', description: 'A RAM block of the memory layout.', ...CLOSED },
);

export const PlanRefusal = Type.Object(
  {
    reason: stringEnum(REFUSAL_REASONS, {
      description: REFUSAL_REASONS.map((reason) => `\`${reason}\`: ${RANGE_REFUSALS[reason]}.`).join(' '),
    }),
    lines: ref(Count),
    firstLine: ref(Count),
  },
  { $id: 'PlanRefusal', description: 'Lines that are conversions, but of no valid range.', ...CLOSED },
);

type CountRef = ReturnType<typeof ref<typeof Count>>;

export const PlanEvents = Type.Object(
  // fromEntries forgets which keys it was given.
  Object.fromEntries(CONVERSION_EVENTS.map((event) => [event, ref(Count)])) as Record<TraceEventName, CountRef>,
  { $id: 'PlanEvents', description: 'Lines of conversions by their event.', ...CLOSED },
);

export const PlanChosen = Type.Object(
  {
    events: Type.Array(stringEnum(CONVERSION_EVENTS)),
    reason: Type.String({ description: 'Why these, in words.' }),
  },
  { $id: 'PlanChosen', description: 'The events of the trace that are applied.', ...CLOSED },
);

export const PlanLines = Type.Object(
  {
    total: ref(Count),
    applied: ref(Count),
    repeated: Whole('Of other events than the chosen ones: the same conversions once more.'),
    layout: Whole('Of `kvm_set_user_memory`, with a guest_memfd.'),
    foreign: Whole('No conversions.'),
    cutOff: Type.Boolean({
      description: 'The last line names an event, but is not complete: it was still being written. It is foreign.',
    }),
    refused: Type.Array(ref(PlanRefusal)),
    byEvent: ref(PlanEvents),
    chosen: ref(PlanChosen),
  },
  {
    $id: 'PlanLines',
    description: 'Every line is in one of `applied`, `repeated`, `layout`, `foreign`, `refused`.',
    ...CLOSED,
  },
);

export const PlanClock = Type.Object(
  {
    unit: stringEnum(['seconds', 'conversions'], {
      description: 'Of every time and duration of the plan; conversions where the first of them has no time.',
    }),
    duration: Time('From the first conversion to the last.'),
  },
  { $id: 'PlanClock', description: 'The time of the trace.', ...CLOSED },
);

export const PlanExceeded = Type.Object(
  {
    first: ref(PlanMoment),
    duration: Time('In all.'),
    conversions: Whole('After so many conversions there were too many mappings.'),
    times: Whole('How often it began.'),
  },
  { $id: 'PlanExceeded', description: 'More DMA mappings than the limit.', ...CLOSED },
);

export const PlanMappings = Type.Object(
  {
    peak: Whole('Also the smallest `dma_entry_limit` that is enough.'),
    peakAt: nullable(ref(PlanMoment)),
    end: Whole('At the end of the trace.'),
    exceeded: nullable(ref(PlanExceeded), { description: 'null: never more than `limit`.' }),
    series: Type.Array(ref(Count), { description: 'The most in each step.' }),
  },
  { $id: 'PlanMappings', description: 'DMA mappings at a time.', ...CLOSED },
);

export const PlanPinned = Type.Object(
  {
    peakBytes: Whole('Also the smallest RLIMIT_MEMLOCK that is enough.'),
    peakAt: nullable(ref(PlanMoment)),
    endBytes: ref(Bytes),
    peakPrivateBytes: Whole('Pinned although private, at most.'),
    series: Type.Array(ref(Bytes), { description: 'The most in each step.' }),
  },
  { $id: 'PlanPinned', description: 'Bytes that are pinned.', ...CLOSED },
);

export const PlanTracking = Type.Object(
  {
    tracking: stringEnum(TRACKINGS, {
      description:
        '`page`: a DMA mapping for each shared page. `run`: one for each maximal run of them, the least there can be (VFIO cannot unmap a part of a mapping). Others: one for each aligned piece of the RAM block that holds a shared page; such a piece is mapped and pinned as a whole from its first shared page until its last one turns private, with the private pages in it.',
    }),
    granularity: nullable(ref(Bytes), { description: 'null for runs.' }),
    mappings: ref(PlanMappings),
    pinned: ref(PlanPinned),
    pinnedConversions: Whole(
      'Conversions that turned pages private which stayed mapped with their piece. Where memory is converted in place they cannot be done.',
    ),
  },
  { $id: 'PlanTracking', description: 'The needs of one way to follow shared memory.', ...CLOSED },
);

export const PlanDirection = Type.Object(
  { conversions: ref(Count), bytes: ref(Bytes), changedBytes: ref(Bytes) },
  { $id: 'PlanDirection', description: 'Conversions to shared, or to private.', ...CLOSED },
);

export const PlanSize = Type.Object(
  { upTo: ref(Bytes), toShared: ref(Count), toPrivate: ref(Count) },
  { $id: 'PlanSize', description: 'Conversions larger than half of `upTo`, at most `upTo`.', ...CLOSED },
);

export const PlanSecond = Type.Object(
  { at: Whole('Whole seconds since the first conversion.'), conversions: ref(Count) },
  { $id: 'PlanSecond', description: 'A second of the trace.', ...CLOSED },
);

export const PlanConversions = Type.Object(
  {
    total: Whole('One for each line that is applied.'),
    changed: ref(Count),
    unchanged: Whole('Already in the wanted state.'),
    mixed: Whole('Of a range that was partly shared and partly private.'),
    acrossBlocks: Whole('Over more than one RAM block.'),
    toShared: ref(PlanDirection),
    toPrivate: ref(PlanDirection),
    perSecond: OrNull('On average; null without times.'),
    busiestSecond: nullable(ref(PlanSecond)),
    sizes: Type.Array(ref(PlanSize)),
  },
  { $id: 'PlanConversions', ...CLOSED },
);

export const PlanLifetime = Type.Object(
  { below: Time('And not below that of the entry before.'), ranges: ref(Count), bytes: ref(Bytes) },
  { $id: 'PlanLifetime', description: 'Ranges that were shared so long.', ...CLOSED },
);

export const PlanLifetimes = Type.Object(
  {
    ranges: Whole('That turned private again.'),
    bytes: ref(Bytes),
    shortest: OrNull('null without any.'),
    longest: OrNull('null without any.'),
    mean: OrNull('Over ranges; null without any.'),
    histogram: Type.Array(ref(PlanLifetime)),
    stillSharedRanges: ref(Count),
    stillSharedBytes: ref(Bytes),
  },
  {
    $id: 'PlanLifetimes',
    description:
      'How long memory stays shared. A range is what turned shared at one moment and private by one conversion, as far as its pages are next to each other.',
    ...CLOSED,
  },
);

export const PlanPiece = Type.Object(
  {
    idstr: Type.String(),
    offset: ref(Bytes),
    gpa: nullable(ref(Bytes)),
    conversions: Whole('That changed something in it.'),
  },
  { $id: 'PlanPiece', ...CLOSED },
);

export const PlanHottest = Type.Object(
  {
    pieceBytes: ref(Bytes),
    exact: Type.Boolean({ description: 'false: the counts are too low, for there were too many pieces.' }),
    pieces: Type.Array(ref(PlanPiece), { description: 'At most ten, those with most conversions first.' }),
  },
  {
    $id: 'PlanHottest',
    description: 'The pieces that are converted most often. Runs of more than 1 GiB are not counted.',
    ...CLOSED,
  },
);

export const PlanRequest = Type.Object(
  { line: ref(Count), sections: ref(Count), bytes: ref(Bytes) },
  { $id: 'PlanRequest', description: 'A webhook, and the line that it would tell of.', ...CLOSED },
);

export const PlanListener = Type.Object(
  {
    requests: ref(Count),
    populates: ref(Count),
    discards: ref(Count),
    sections: ref(Count),
    bytes: Whole('Of JSON bodies.'),
    largest: nullable(ref(PlanRequest)),
  },
  {
    $id: 'PlanListener',
    description:
      'The webhooks that one listener on each RAM block would have been sent, with the defaults of the service.',
    ...CLOSED,
  },
);

export const Plan = Type.Object(
  {
    blocks: Type.Array(ref(PlanBlock)),
    layout: stringEnum(LAYOUT_ORIGINS, {
      description:
        'Where the blocks are from: `map`, the request; `trace`, the `kvm_set_user_memory` lines before the first conversion to shared; `guess`, the addresses of the conversions.',
    }),
    ramBytes: Whole('What is pinned by who maps all of it.'),
    lines: ref(PlanLines),
    clock: ref(PlanClock),
    limit: Whole('DMA mappings that there may be.'),
    smallestGranularity: nullable(ref(Bytes), {
      description: 'The smallest that never needs more mappings than `limit`: 4 KiB, 64 KiB, 2 MiB, 1 GiB, or null.',
    }),
    trackings: Type.Array(ref(PlanTracking)),
    conversions: ref(PlanConversions),
    lifetimes: ref(PlanLifetimes),
    hottest: ref(PlanHottest),
    listener: ref(PlanListener),
    step: Time('Entry i of a series is of the time from i * step on, up to (i + 1) * step.'),
  },
  { $id: 'Plan', description: 'The needs of the conversions of a trace. All memory is private at first.', ...CLOSED },
);
