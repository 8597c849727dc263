// What a plan says, in words and tables: what comes first answers "does it fit, and how much memory does it pin".
import { html, nothing, type TemplateResult } from 'lit-html';
import { formatBytes, formatCount, formatShare, hex, plural } from '../model/bytes.ts';
import { durationText, exceededText, fitText, memlockKib, type Plan, trackingText } from '../model/plan.ts';

/** What was refused by the rules of ranges, as the service names it. */
const REFUSALS: Readonly<Record<string, string>> = {
  empty: 'of size 0',
  unaligned: 'not on page borders',
  beyondLimit: 'beyond 2^53-1',
  unmappedToShared: 'to shared, in no block',
  unmappedToPrivate: 'to private, not wholly in blocks',
  outsideBlock: 'beyond the end of its block',
  noBlock: 'of a block that is not named',
};

const MEMORY: Readonly<Record<Plan['layout'], string>> = {
  map: 'Memory',
  trace: 'Memory, as the trace says',
  guess: 'Memory, guessed from the trace',
};

export function planHeadline(plan: Plan): TemplateResult {
  const { trackings, ramBytes, conversions, limit } = plan;
  const page = trackings.find(({ tracking }) => tracking === 'page');
  if (page === undefined) return html``;
  const isOver = page.mappings.peak > limit;
  const { perSecond } = conversions;
  return html`<ul class="figures">
    <li>
      <b class=${isOver ? 'bad' : nothing}>${formatCount(page.mappings.peak)}</b>
      <span>DMA mappings at most, page by page</span>
      <span class="muted">${fitText(plan)}</span>
    </li>
    <li>
      <b>${formatBytes(page.pinned.peakBytes)}</b>
      <span>pinned at most</span>
      <span class="muted">${formatShare(page.pinned.peakBytes, ramBytes)} of ${formatBytes(ramBytes)} of RAM</span>
    </li>
    <li>
      <b>${perSecond === null ? formatCount(conversions.total) : formatCount(Math.round(perSecond))}</b>
      <span>${perSecond === null ? 'conversions' : 'conversions a second'}</span>
      <span class="muted">${formatCount(conversions.total)} in ${durationText(plan, plan.clock.duration)}</span>
    </li>
  </ul>`;
}

export function trackingTable(plan: Plan): TemplateResult {
  const { trackings, ramBytes, limit, blocks } = plan;
  return html`<div class="table-place" tabindex="0" role="group" aria-label="What each way to track needs">
    <table>
      <thead>
        <tr>
          <th scope="col">Tracked</th>
          <th scope="col">DMA mappings</th>
          <th scope="col">at the end</th>
          <th scope="col">Pinned</th>
          <th scope="col">at the end</th>
          <th scope="col">of RAM</th>
          <th scope="col">memlock (KiB)</th>
          <th scope="col" class="words">Over ${formatCount(limit)}</th>
          <th scope="col">Kept pinned</th>
        </tr>
      </thead>
      <tbody>
        ${trackings.map((tracking) => {
          const { mappings, pinned, granularity, pinnedConversions } = tracking;
          return html`<tr>
            <th scope="row">${trackingText(tracking)}</th>
            <td class=${mappings.exceeded === null ? '' : 'bad'}>${formatCount(mappings.peak)}</td>
            <td>${formatCount(mappings.end)}</td>
            <td>${formatBytes(pinned.peakBytes)}</td>
            <td>${formatBytes(pinned.endBytes)}</td>
            <td>${formatShare(pinned.peakBytes, ramBytes)}</td>
            <td>${granularity === null ? '' : memlockKib(pinned.peakBytes)}</td>
            <td class="words">${exceededText(plan, tracking)}</td>
            <td>${formatCount(pinnedConversions)}</td>
          </tr>`;
        })}
        <tr>
          <th scope="row">all RAM</th>
          <td>${formatCount(blocks.length)}</td>
          <td>${formatCount(blocks.length)}</td>
          <td>${formatBytes(ramBytes)}</td>
          <td>${formatBytes(ramBytes)}</td>
          <td>100 %</td>
          <td>${memlockKib(ramBytes)}</td>
          <td class="words">never</td>
          <td></td>
        </tr>
      </tbody>
    </table>
  </div>
  <p class="muted">
    Tracked at 2 MiB: a piece of 2 MiB is mapped and pinned as a whole from its first shared page until its last turns
    private. Kept pinned: conversions to private of pages in a piece that stays mapped; converted in place
    (guest_memfd), they cannot be done meanwhile.
  </p>`;
}

export function planFacts(plan: Plan): TemplateResult {
  const { blocks, lines, conversions, listener, trackings, limit } = plan;
  const page = trackings.find(({ tracking }) => tracking === 'page')?.mappings.peak ?? 0;
  const { busiestSecond, toShared, toPrivate } = conversions;
  const facts: (readonly [string, string])[] = [
    [
      MEMORY[plan.layout],
      blocks
        .map(({ gpa, size, idstr }) => `${formatBytes(size)}${gpa === null ? '' : ` at ${hex(gpa)}`} (${idstr})`)
        .join(', '),
    ],
    [
      'Lines',
      `${formatCount(lines.total)}: ${formatCount(lines.applied)} applied, ${formatCount(lines.repeated)} counted but not applied, ${lines.layout === 0 ? '' : `${formatCount(lines.layout)} of the memory layout, `}${formatCount(lines.foreign)} foreign${lines.cutOff ? ', the last line cut off' : ''}`,
    ],
    ['Applied', `${lines.chosen.events.join(' and ')}: ${lines.chosen.reason}`],
    ...lines.refused.map(({ reason, lines: times, firstLine }) => {
      return [
        'Refused',
        `${plural(times, 'line')}: ${REFUSALS[reason] ?? reason}; first line ${formatCount(firstLine)}`,
      ] as const;
    }),
    [
      'Conversions',
      `${formatCount(conversions.changed)} changed something, ${formatCount(conversions.unchanged)} changed nothing, ${formatCount(conversions.mixed)} of a mixture, ${formatCount(conversions.acrossBlocks)} across blocks`,
    ],
    [
      'To shared',
      `${formatCount(toShared.conversions)} of ${formatBytes(toShared.bytes)}, of it changed ${formatBytes(toShared.changedBytes)}`,
    ],
    [
      'To private',
      `${formatCount(toPrivate.conversions)} of ${formatBytes(toPrivate.bytes)}, of it changed ${formatBytes(toPrivate.changedBytes)}`,
    ],
    ...(busiestSecond === null
      ? []
      : [
          [
            'Busiest second',
            `${formatCount(busiestSecond.conversions)} conversions in second ${formatCount(busiestSecond.at)}`,
          ] as const,
        ]),
    ...(page > limit ? [['To fit page by page', `vfio_iommu_type1.dma_entry_limit=${page}`] as const] : []),
    [
      'A listener would be sent',
      `${plural(listener.requests, 'request')} (${plural(listener.populates, 'populate')}, ${plural(listener.discards, 'discard')}), ${plural(listener.sections, 'section')}, ${formatBytes(listener.bytes)} of JSON${
        listener.largest === null
          ? ''
          : `; the largest has ${plural(listener.largest.sections, 'section')} in ${formatBytes(listener.largest.bytes)}`
      }`,
    ],
  ];
  return html`<dl class="facts">${facts.map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>`;
}

export function planTables(plan: Plan): TemplateResult {
  const { lifetimes, conversions, hottest } = plan;
  const { shortest, longest, mean } = lifetimes;
  const range =
    shortest === null || longest === null || mean === null
      ? 'Nothing turned private again.'
      : `${plural(lifetimes.ranges, 'range')}, shared for ${durationText(plan, shortest)} to ${durationText(plan, longest)}, ${durationText(plan, mean)} on average.`;
  return html`<div class="plan-tables">
    <section aria-labelledby="lifetimes-title">
      <h3 id="lifetimes-title">How long memory stays shared</h3>
      <p class="muted">
        ${range} ${plural(lifetimes.stillSharedRanges, 'range')} (${formatBytes(lifetimes.stillSharedBytes)}) still shared at the end.
      </p>
      ${bars(
        lifetimes.histogram.map(({ below, ranges, bytes }) => ({
          name: `below ${durationText(plan, below)}`,
          text: `${formatCount(ranges)} (${formatBytes(bytes)})`,
          value: ranges,
        })),
      )}
    </section>
    <section aria-labelledby="sizes-title">
      <h3 id="sizes-title">Sizes of conversions</h3>
      <p class="muted">To shared and to private.</p>
      ${bars(
        conversions.sizes.map(({ upTo, toShared, toPrivate }) => ({
          name: `up to ${formatBytes(upTo)}`,
          text: `${formatCount(toShared)} + ${formatCount(toPrivate)}`,
          value: toShared + toPrivate,
        })),
      )}
    </section>
    <section aria-labelledby="hottest-title">
      <h3 id="hottest-title">Converted most</h3>
      <p class="muted">Pieces of ${formatBytes(hottest.pieceBytes)}${hottest.exact ? '.' : ', at least so often.'}</p>
      ${bars(
        hottest.pieces.map(({ idstr, offset, gpa, conversions: times }) => ({
          name: gpa === null ? `${idstr} ${hex(offset)}` : hex(gpa),
          text: plural(times, 'conversion'),
          value: times,
        })),
      )}
    </section>
  </div>`;
}

interface Bar {
  readonly name: string;
  readonly text: string;
  readonly value: number;
}

/** Lengths beside the numbers that they stand for. */
function bars(rows: readonly Bar[]): TemplateResult {
  const most = Math.max(1, ...rows.map(({ value }) => value));
  return html`<ul class="bars">
    ${rows.map(
      ({ name, text, value }) => html`<li>
        <span>${name}</span><span class="number">${text}</span>
        <meter min="0" max=${most} .value=${value} aria-hidden="true"></meter>
      </li>`,
    )}
  </ul>`;
}
