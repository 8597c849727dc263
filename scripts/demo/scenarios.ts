// What the demo shows: guests, their RAM blocks and devices, and how their conversions are posted.

import { fileURLToPath } from 'node:url';
import { DMA_ENTRY_LIMIT } from '../../src/limits.ts';
import type { MapOption } from '../../src/traces/map-option.ts';

/** A RAM block with a strict simulated device on it. */
export interface ScenarioBlock {
  readonly idstr: string;
  /** Bytes. */
  readonly usedLength: number;
  /** Bytes; left out where `maps` says where it lies. */
  readonly gpa?: number;
  /** DMA mappings that its device may have. */
  readonly dmaMaxMappings: number;
}

export interface Scenario {
  readonly title: string;
  /** Path of the trace. */
  readonly trace: string;
  readonly blocks: readonly ScenarioBlock[];
  /** As --map; empty: the blocks lie where the service has them. */
  readonly maps: readonly MapOption[];
  /** Line by line, or all as one batch of the only block. */
  readonly how: 'replay' | 'batch';
  /** Whether an asynchronous mirror listens to the first block, beside its device. */
  readonly mirror: boolean;
  /** Whether a dry run comes first. */
  readonly preview: boolean;
  /** Whether a device refuses anything. */
  readonly refuses: boolean;
}

const GIB = 2 ** 30;
const IDSTR = 'pc.ram';
/** What the boot trace comes to at its peak, with one mapping a page as VFIO makes them. */
const BOOT_MAPPINGS = 263_493;

const example = (file: string): string => fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));
const plain = { how: 'replay', mirror: false, preview: false, refuses: false } as const;

/** QEMU's pc.ram of 16 GiB: one block, below and above the PCI hole. */
const boot = (dmaMaxMappings: number) => ({
  ...plain,
  trace: example('synthetic-boot-16g.ftrace'),
  blocks: [{ idstr: IDSTR, usedLength: 16 * GIB, dmaMaxMappings }],
  maps: [
    { gpa: 0, size: 2 * GIB, offset: 0, idstr: IDSTR },
    { gpa: 4 * GIB, size: 14 * GIB, offset: 2 * GIB, idstr: IDSTR },
  ],
});

export const SCENARIOS: readonly Scenario[] = [
  {
    ...plain,
    title: "KVM's selftest",
    trace: example('kvm-selftest-private-mem.qemu.log'),
    blocks: [{ idstr: IDSTR, usedLength: 2 * GIB, gpa: 4 * GIB, dmaMaxMappings: DMA_ENTRY_LIMIT }],
    maps: [],
  },
  { ...boot(BOOT_MAPPINGS), title: 'Boot, one batch', how: 'batch', preview: true, mirror: true },
  { ...boot(DMA_ENTRY_LIMIT), title: "Boot, VFIO's limit", refuses: true },
  {
    ...plain,
    title: 'NUMA, 2 blocks',
    trace: example('numa-two-nodes.qemu.log'),
    blocks: [
      { idstr: 'ram-node0', usedLength: GIB, gpa: 0, dmaMaxMappings: DMA_ENTRY_LIMIT },
      { idstr: 'ram-node1', usedLength: GIB, gpa: GIB, dmaMaxMappings: 3072 },
    ],
    maps: [],
    preview: true,
    refuses: true,
  },
];
