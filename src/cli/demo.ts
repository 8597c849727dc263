// npm run demo: the service, a strict simulated device, and two real kinds of traces; what happened, as a table.
import { fileURLToPath } from 'node:url';
import { type Result, runScenario, type Scenario } from './demo/scenario.ts';
import { startServiceProcess } from './demo/service-process.ts';
import { count, size } from './replay/summary-text.ts';
import { VFIO_DMA_ENTRY_LIMIT } from './simulator/options.ts';

const GIB = 2 ** 30;
const example = (file: string) => fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));

const selftest = {
  trace: example('kvm-selftest-private-mem.qemu.log'),
  usedLength: 2 * GIB,
  maps: [{ gpa: 4 * GIB, size: 2 * GIB, offset: 0 }],
};
/** QEMU's pc.ram of 16 GiB: one block, below and above the PCI hole. */
const boot = {
  trace: example('synthetic-boot-16g.ftrace'),
  usedLength: 16 * GIB,
  maps: [
    { gpa: 0, size: 2 * GIB, offset: 0 },
    { gpa: 4 * GIB, size: 14 * GIB, offset: 2 * GIB },
  ],
};
/** What the boot trace comes to at its peak, with one mapping a page as VFIO makes them. */
const BOOT_MAPPINGS = 263_493;

const scenarios: (Scenario & { readonly refuses: boolean })[] = [
  { title: "KVM's selftest", ...selftest, dmaMaxMappings: VFIO_DMA_ENTRY_LIMIT, refuses: false },
  { title: 'Boot, room for all', ...boot, dmaMaxMappings: BOOT_MAPPINGS, refuses: false },
  { title: "Boot, VFIO's limit", ...boot, dmaMaxMappings: VFIO_DMA_ENTRY_LIMIT, refuses: true },
];

async function main(): Promise<number> {
  say('A confidential VM shares pages with a device, and takes them back. Starting the service ...');
  const service = await startServiceProcess();
  const results: Result[] = [];
  const complaints: string[] = [];
  try {
    say(`It listens on ${service.url.href}, its API is at ${service.url.href}docs`);
    for (const [index, scenario] of scenarios.entries()) {
      say(`  ${scenario.title}: replaying, the device may have ${count(scenario.dmaMaxMappings)} DMA mappings ...`);
      const result = await runScenario(service.url, scenario, `demo-${index}`);
      results.push(result);
      complaints.push(...complaintsOf(result, scenario.refuses).map((text) => `${scenario.title}: ${text}`));
    }
  } finally {
    await service.close();
  }
  say(`\n${table(results)}\n`);
  for (const result of results) say(story(result));
  for (const complaint of complaints) process.stderr.write(`WRONG: ${complaint}\n`);
  if (complaints.length === 0)
    say('\nEvery device ended with exactly the populated pages mapped, and saw nothing a kernel would not forgive.');
  return complaints.length === 0 ? 0 : 1;
}

function complaintsOf({ replay, device, equal }: Result, refuses: boolean): string[] {
  const complaints: string[] = [];
  if (!equal) complaints.push('the mappings of the device are not the populated pages');
  if (device.violations.count > 0) complaints.push(`the device saw ${JSON.stringify(device.violations.byKind)}`);
  if (device.pendingGaps.length > 0) complaints.push('deliveries are missing');
  if (replay.conversions.refused > 0 !== refuses)
    complaints.push(`${replay.conversions.refused} conversions were refused`);
  const codes = Object.entries(replay.refusals).map(([code, { first }]) => `${code} ${first.errno}`);
  if (codes.some((code) => code !== 'listener-refused ENOSPC')) complaints.push(`refused with ${codes.join(', ')}`);
  return complaints;
}

function story({ scenario, replay, device }: Result): string {
  const refusal = Object.values(replay.refusals)[0]?.first;
  if (refusal === undefined) {
    return `${scenario.title}: the device needed ${count(device.peakMappings)} mappings at its peak, ${count(replay.peak.mappingsPerRun)} if it could map a run at once.`;
  }
  return `${scenario.title}: ENOSPC begins at line ${count(refusal.line)} of the trace, with ${count(refusal.populated.mappingsPerPage)} pages mapped. On a real machine this is where VFIO_MAP_DMA fails: "${refusal.listenerDetail}"`;
}

function table(results: readonly Result[]): string {
  const rows: [string, (result: Result) => string][] = [
    ['', ({ scenario }) => scenario.title],
    ['DMA mappings allowed', ({ scenario }) => count(scenario.dmaMaxMappings)],
    ['conversions', ({ replay }) => count(replay.conversions.posted)],
    ['  that changed something', ({ replay }) => count(replay.conversions.changed)],
    ['  that the device refused', ({ replay }) => count(replay.conversions.refused)],
    ['turned shared', ({ replay }) => size(replay.bytes.changedToShared)],
    ['turned private', ({ replay }) => size(replay.bytes.changedToPrivate)],
    ['most shared at once', ({ replay }) => size(replay.peak.populatedBytes)],
    ['most mappings at once', ({ device }) => count(device.peakMappings)],
    ['webhooks sent', ({ device }) => count(device.deliveries.populate + device.deliveries.discard)],
    ['conversions per second', ({ replay }) => count(Math.round(replay.conversionsPerSecond))],
    ['mapped = populated', ({ equal }) => (equal ? 'yes' : 'NO')],
  ];
  const cells = rows.map(([label, of]) => [label, ...results.map(of)]);
  const widths = ['', ...results].map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  };
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return cells
    .map((row) => row.map(pad).join('  '))
    .toSpliced(1, 0, rule)
    .join('\n');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = await main();
