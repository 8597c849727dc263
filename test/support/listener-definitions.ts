// Listeners of unit tests: those of a VFIO device that pins nothing, and what a test has otherwise.
import type { ListenerDefinition } from '../../src/core/records.ts';

export const PAGE = 4096;

/** Returns the definition of a sync listener of its whole block. */
export function listenerDefinition(own: Partial<ListenerDefinition> = {}): ListenerDefinition {
  return {
    id: 'lsn',
    url: 'http://127.0.0.1:9/',
    mode: 'sync',
    section: { offset: 0, size: null, offsetWithinAddressSpace: 0 },
    granularity: PAGE,
    doubleDiscardSupported: true,
    coordinatedDiscard: true,
    dmaMaxMappings: null,
    maxSections: 512,
    timeoutMs: 1000,
    description: null,
    secret: '',
    createdAt: '2026-01-01T00:00:00.000Z',
    ...own,
  };
}
