// What the page reads of the API's resources. A test holds these types against the API's description.

export interface MachineSummary {
  readonly name: string;
  readonly ramBlockCount: number;
  readonly usedLength: number;
  readonly populatedBytes: number;
  readonly sharedBytes: number;
  readonly privateBytes: number;
  readonly listenerCount: number;
}

export interface Machine extends MachineSummary {
  readonly ramBlocks: readonly RamBlock[];
}

export interface RamBlock {
  readonly id: string;
  readonly machine: string;
  readonly idstr: string;
  readonly gpa: number | null;
  readonly ramAddr: number;
  readonly usedLength: number;
  readonly maxLength: number;
  readonly pageSize: number;
  readonly populated: { readonly pages: number; readonly bytes: number; readonly runs: number };
  readonly attributes: { readonly sharedBytes: number; readonly privateBytes: number } | null;
  readonly sourceCount: number;
  readonly listenerCount: number;
  readonly generation: number;
}

export interface Source {
  readonly id: string;
  readonly name: string;
  readonly granularity: number;
  readonly populatedBytes: number;
}

export interface Section {
  readonly offset: number;
  readonly size: number;
}

export interface Listener {
  readonly id: string;
  readonly ramBlockId: string;
  readonly url: string;
  readonly mode: 'sync' | 'async';
  readonly section: Section & { readonly offsetWithinAddressSpace: number };
  readonly granularity: number;
  readonly dmaMaxMappings: number | null;
  readonly timeoutMs: number;
  readonly description: string | null;
  readonly warnings: readonly string[];
  readonly state: 'registering' | 'active' | 'failing' | 'disabled' | 'removing';
  readonly mapped: { readonly bytes: number; readonly runs: number; readonly mappings: number };
  readonly unsettled: {
    readonly bytes: number;
    readonly runs: number;
    readonly unknownBytes: number;
    readonly sections: readonly Section[];
  };
  readonly position: {
    readonly lastSequence: number;
    readonly acknowledgedSequence: number;
    readonly pending: number;
    readonly oldestPendingAt: string | null;
  };
}

export interface Delivery {
  readonly id: string;
  readonly sequence: number;
  readonly type: 'ram_block.populate' | 'ram_block.discard';
  readonly reason: string;
  readonly attempt: number;
  readonly status: number | null;
  readonly outcome: 'accepted' | 'refused' | 'unanswered';
  readonly durationMs: number;
  readonly startedAt: string;
  readonly responseExcerpt: string;
}

export interface RangeState {
  readonly offset: number;
  readonly size: number;
  readonly populatedBytes: number;
  readonly generation: number;
}

export interface Density {
  readonly cells: readonly number[];
  readonly pagesPerCell: number;
  readonly generation: number;
}

export interface Conversion {
  readonly id: string | null;
  readonly ramBlockId: string;
  readonly offset: number;
  readonly size: number;
  readonly to: string;
  readonly from: string;
  readonly changedBytes: number;
  readonly changed?: readonly Section[];
  readonly changedTruncated: boolean;
  readonly generation: number;
  readonly notified: readonly string[];
}

export interface MachineConversion {
  readonly gpa: number;
  readonly size: number;
  readonly to: string;
  readonly conversions: readonly Conversion[];
  readonly unassigned: readonly { readonly gpa: number; readonly size: number }[];
}

/** RFC 9457, with what the service adds. */
export interface ProblemDocument {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errno?: string;
  readonly ramBlockId?: string;
  readonly listenerId?: string | null;
  readonly listenerStatus?: number | null;
  readonly listenerDetail?: string | null;
  readonly rolledBack?: readonly string[];
  readonly unacknowledged?: readonly string[];
  readonly unsettled?: readonly string[];
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}
