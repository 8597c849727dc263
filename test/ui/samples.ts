// A block and listeners of it, for the tests of the page's plain modules.
import type { Listener, RamBlock } from '../../src/ui/model/resources.ts';

export const block: RamBlock = {
  id: 'blk_1',
  machine: 'default',
  idstr: 'pc.ram',
  gpa: 2 ** 32,
  ramAddr: 0,
  usedLength: 2 ** 30,
  maxLength: 2 ** 30,
  pageSize: 4096,
  populated: { pages: 0, bytes: 0, runs: 0 },
  attributes: { sharedBytes: 0, privateBytes: 2 ** 30 },
  sourceCount: 1,
  listenerCount: 0,
  generation: 0,
};

/** An active sync listener of the whole block that has nothing mapped, but for what is said. */
export function listener(members: Partial<Listener> = {}): Listener {
  return {
    id: 'lsn_1',
    ramBlockId: 'blk_1',
    url: 'http://127.0.0.1:9000/',
    mode: 'sync',
    section: { offset: 0, size: 2 ** 30, offsetWithinAddressSpace: 2 ** 32 },
    granularity: 4096,
    dmaMaxMappings: null,
    timeoutMs: 5000,
    description: null,
    warnings: [],
    state: 'active',
    mapped: { bytes: 0, runs: 0, mappings: 0 },
    unsettled: { bytes: 0, runs: 0, unknownBytes: 0, sections: [] },
    position: { lastSequence: 0, acknowledgedSequence: 0, pending: 0, oldestPendingAt: null },
    ...members,
  };
}
