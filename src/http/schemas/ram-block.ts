// RAM blocks, their state and their sources on the wire.

import { Type } from 'typebox';
import { MAX_BATCH } from '../../limits.ts';
import {
  ByteSize,
  Bytes,
  Count,
  input,
  NewSection,
  NO_CONTROLS,
  nullable,
  page,
  ref,
  Section,
  stringEnum,
} from './common.ts';

const Generation = Type.Integer({
  format: 'int64',
  minimum: 0,
  description: 'Grows by one with every committed change of the block.',
});

const IDSTR = {
  minLength: 1,
  maxLength: 255,
  pattern: NO_CONTROLS,
  description: "QEMU's name of the block, unique in its machine; without control characters.",
};
// Not . and .., which no client can write in a path.
const MACHINE = { pattern: '^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,64}$', examples: ['default'] };

export const NewRamBlock = input(
  {
    idstr: Type.String({ ...IDSTR, examples: ['pc.ram'] }),
    usedLength: ref(ByteSize),
    maxLength: Type.Optional(ref(ByteSize)),
    pageSize: Type.Optional(ref(ByteSize)),
    machine: Type.String({ ...MACHINE, default: 'default' }),
    gpa: Type.Optional(nullable(ref(ByteSize), { description: 'Guest physical address; page aligned.' })),
    guestMemfd: Type.Boolean({ default: true, description: 'false makes a block without RamBlockAttributes.' }),
  },
  {
    $id: 'NewRamBlock',
    description:
      'usedLength: a multiple of pageSize, at most 64 TiB. maxLength: makes the block resizeable. pageSize: a power of two, at least 4096 (the default).',
  },
);

export const RamBlockUpdate = input(
  { usedLength: ref(ByteSize) },
  { $id: 'RamBlockUpdate', description: "A multiple of the page size, at most the block's maxLength." },
);

export const RamBlockPopulated = Type.Object(
  { pages: ref(Count), bytes: ref(Bytes), runs: ref(Count) },
  { $id: 'RamBlockPopulated', description: 'The AND of all sources.', additionalProperties: false },
);

export const RamBlockAttributes = Type.Object(
  { bitmapSize: ref(Count), sharedBytes: ref(Bytes), privateBytes: ref(Bytes) },
  { $id: 'RamBlockAttributes', description: 'RamBlockAttributes alone.', additionalProperties: false },
);

export const RamBlock = Type.Object(
  {
    id: Type.String(),
    machine: Type.String(),
    idstr: Type.String(),
    ramAddr: ref(Bytes),
    gpa: nullable(ref(Bytes), { description: 'Guest physical address, where the block has one.' }),
    usedLength: ref(Bytes),
    maxLength: ref(Bytes),
    pageSize: ref(Bytes),
    flags: Type.Array(stringEnum(['guest_memfd', 'resizeable'])),
    minGranularity: nullable(ref(Bytes), { description: 'The smallest granularity of the sources; null without one.' }),
    populated: ref(RamBlockPopulated),
    attributes: nullable(ref(RamBlockAttributes), { description: 'null on a block without.' }),
    sourceCount: ref(Count),
    listenerCount: ref(Count),
    generation: Generation,
    createdAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'RamBlock', additionalProperties: false },
);

export const RamBlockList = page('RamBlockList', ref(RamBlock));

export const RangeState = Type.Object(
  {
    offset: ref(Bytes),
    size: ref(Bytes),
    populated: Type.Boolean({ description: 'No page of it is discarded.' }),
    populatedBytes: ref(Bytes),
    state: nullable(stringEnum(['shared', 'private', 'mixture']), { description: 'RamBlockAttributes alone.' }),
    generation: Generation,
  },
  { $id: 'RangeState', description: 'A page that the range touches counts whole.', additionalProperties: false },
);

export const SectionList = page('SectionList', ref(Section), { generation: Generation });

export const Density = Type.Object(
  {
    cells: Type.Array(ref(Count), { description: 'The populated pages of each cell.' }),
    pagesPerCell: ref(Count),
    generation: Generation,
  },
  {
    $id: 'Density',
    description: 'All cells have `pagesPerCell` pages; the last may have fewer.',
    additionalProperties: false,
  },
);

const PAGE_STATES = ['shared', 'private'] as const;
const SOURCE_STATES = ['populated', 'discarded'] as const;

export const NewConversion = input(
  { offset: ref(ByteSize), size: ref(ByteSize), to: stringEnum(PAGE_STATES) },
  { $id: 'NewConversion', description: 'Page aligned, not empty, within the block.' },
);

export const SourceChange = input(
  { offset: ref(ByteSize), size: ref(ByteSize), to: stringEnum(SOURCE_STATES) },
  { $id: 'SourceChange', description: "Aligned to the source's granularity." },
);

export const Conversion = Type.Object(
  {
    id: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'null if nothing changed.' }),
    ramBlockId: Type.String(),
    offset: ref(Bytes),
    size: ref(Bytes),
    to: stringEnum([...PAGE_STATES, ...SOURCE_STATES]),
    from: stringEnum([...PAGE_STATES, ...SOURCE_STATES, 'mixture']),
    changedBytes: ref(Bytes),
    changed: Type.Optional(
      Type.Array(ref(Section), {
        description:
          'The first 1000 runs that changed, and of all conversions of one answer the first 65,536; left out with `Prefer: return=minimal`.',
      }),
    ),
    changedTruncated: Type.Boolean({ description: 'More runs changed than `changed` has.' }),
    generation: Generation,
    notified: Type.Array(Type.String(), { description: 'Listeners that were told, newest first.' }),
  },
  { $id: 'Conversion', additionalProperties: false },
);

export const NewConversionBatch = input(
  { conversions: Type.Array(ref(NewConversion), { minItems: 1, maxItems: MAX_BATCH }) },
  { $id: 'NewConversionBatch', description: 'Done in this order, all of them or none.' },
);

export const ConversionBatch = Type.Object(
  { conversions: Type.Array(ref(Conversion)), generation: Generation },
  {
    $id: 'ConversionBatch',
    description: 'The conversions, which are one change of the block.',
    additionalProperties: false,
  },
);

export const NewMachineConversion = input(
  { gpa: ref(ByteSize), size: ref(ByteSize), to: stringEnum(PAGE_STATES) },
  { $id: 'NewMachineConversion', description: 'A range of guest physical addresses, page aligned, not empty.' },
);

export const GuestRange = Type.Object(
  { gpa: ref(Bytes), size: ref(Bytes) },
  { $id: 'GuestRange', description: 'A range of guest physical addresses.', additionalProperties: false },
);

export const MachineConversion = Type.Object(
  {
    gpa: ref(Bytes),
    size: ref(Bytes),
    to: stringEnum(PAGE_STATES),
    conversions: Type.Array(ref(Conversion), { description: 'Of each block in the range, by ascending address.' }),
    unassigned: Type.Array(ref(GuestRange), { description: 'The parts of the range that are in no block.' }),
  },
  { $id: 'MachineConversion', additionalProperties: false },
);

const machineFields = {
  name: Type.String(),
  ramBlockCount: ref(Count),
  usedLength: ref(Bytes),
  maxLength: ref(Bytes),
  populatedBytes: ref(Bytes),
  sharedBytes: ref(Bytes),
  privateBytes: ref(Bytes),
  listenerCount: ref(Count),
};

export const MachineSummary = Type.Object(machineFields, {
  $id: 'MachineSummary',
  description: 'Totals over the blocks of a machine; shared and private of those with RamBlockAttributes.',
  additionalProperties: false,
});

export const MachineList = page('MachineList', ref(MachineSummary));

export const Machine = Type.Object(
  { ...machineFields, ramBlocks: Type.Array(ref(RamBlock), { description: 'Oldest first.' }) },
  { $id: 'Machine', additionalProperties: false },
);

export const ConversionList = page('ConversionList', ref(Conversion));

export const NewSource = input(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: NO_CONTROLS,
      description: 'Unique in the block; without control characters.',
      examples: ['virtio-mem0'],
    }),
    granularity: Type.Optional(ref(ByteSize)),
    populated: Type.Optional(Type.Array(ref(NewSection), { maxItems: 10_000 })),
  },
  {
    $id: 'NewSource',
    description:
      'granularity: a power of two, at least the page size; may be left out for `ram-block-attributes` only. populated: what it has populated at first.',
  },
);

export const Source = Type.Object(
  { id: Type.String(), name: Type.String(), granularity: ref(Bytes), populatedBytes: ref(Bytes) },
  { $id: 'Source', additionalProperties: false },
);

export const SourceList = page('SourceList', ref(Source));
