// What tells one state from another. Two paths that come to the same fingerprint go on in the same way, so that one of
// them is enough.
//
// What the process keeps in memory cannot be looked into, but it is a function of what is durable when nothing is
// under way, and else of what waits and runs in the queues and what has happened to it since: that is `World.memory`.
// Sequences only matter in relation to the last one that is durable, and ids not at all.
import { hash } from 'node:crypto';
import type { Copy } from './device.ts';
import type { World } from './world.ts';

export function fingerprint(world: World): string {
  const { store, process, late, devices, courses, faults, memory, sent } = world;
  const bases = new Map<string, number>();
  const blocks = [...store.ledger.blocks].map(([id, block]) => {
    for (const [listenerId, { lastSequence }] of block.listeners) bases.set(listenerId, lastSequence);
    return [
      id,
      block.length,
      [...block.sources].map(([source, pages]) => [source, pages.map(Number)]),
      [...block.listeners].map(([listenerId, { phase, reservedThrough, lastSequence, unknown, unmapped }]) => {
        return [listenerId, phase, reservedThrough - lastSequence, [...unknown].sort(), [...unmapped].sort()];
      }),
      [...block.intents.values()].map(({ pages, reserved }) => {
        return [
          [...pages],
          [...reserved].map(([listenerId, last]) => [listenerId, last - (bases.get(listenerId) ?? 0)]),
        ];
      }),
    ];
  });
  const shown = ({ listenerId, type, sequence, settledThrough, pages }: Copy): string => {
    const base = bases.get(listenerId) ?? 0;
    return `${listenerId} ${type} ${sequence - base} ${settledThrough - base} ${pages}`;
  };
  const all = [
    blocks,
    [...devices].map(([id, device]) => {
      const base = bases.get(id) ?? 0;
      return [id, [...device.mapped].sort(), device.settledThrough - base, (sent.get(id) ?? 0) - base];
    }),
    late
      .filter((copy) => !devices.get(copy.listenerId)?.ignores(copy))
      .map(shown)
      .sort(),
    process.inFlight.map(({ copy }) => shown(copy)).sort(),
    process.journal.pending.map(({ content }) => content),
    process.isReady,
    process.machines !== null,
    courses.map(({ fate, client, command }) => [
      fate,
      client.signal.aborted,
      store.ledger.changes.filter((change) => command.owns(change)).length,
    ]),
    Object.values(faults),
    memory,
    // When the next snapshot is due.
    [...store.blocks.values()].map(
      ({ snapshot, records }) => snapshot && (records.at(-1)?.sequence ?? 0) - snapshot.sequence,
    ),
  ];
  return hash('sha1', JSON.stringify(all), 'base64');
}
