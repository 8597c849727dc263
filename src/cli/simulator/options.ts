// What a device simulator can be told, and what it does when it is told nothing.

import type { Section } from '../../core/section.ts';
import { DMA_ENTRY_LIMIT } from '../../limits.ts';
import type { Violation } from './violations.ts';

/** sync: it is waited for and may refuse. async: a mirror, told afterwards, which cannot. */
export type ListenerMode = 'sync' | 'async';

export interface DeviceSimulatorOptions {
  /** URL of the service that it registers itself with. */
  readonly service: string;
  /** Bearer token for the service. */
  readonly token: string | null;
  /** Id of the RAM block, or its idstr; null: register nowhere, only listen. */
  readonly block: string | null;
  /** With it, `block` is an idstr in this machine. */
  readonly machine: string | null;
  /** How long to wait for the service and the block to appear. */
  readonly waitMs: number;
  readonly mode: ListenerMode;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What the service is told to call; null: made of host and port. */
  readonly publicUrl: string | null;
  /** `whsec_` and base64; null: a new one, which only works when it registers itself. */
  readonly secret: string | null;
  /** The part of the block to listen to; null: all of it. */
  readonly section: Section | null;
  /** Bytes; null: the block's page size, or without a block what each delivery says. */
  readonly granularity: number | null;
  /** Deadline of one delivery; null: the service's default. */
  readonly timeoutMs: number | null;
  readonly description: string | null;
  /** Stay registered when it ends. */
  readonly keep: boolean;
  /** Sync only, as the next two: an async listener has no limit, for it cannot refuse. */
  readonly dmaMaxMappings: number;
  /** Bytes that may be pinned; null: no limit. */
  readonly memlock: number | null;
  /** Populates that are accepted before all others are refused; null: no end. */
  readonly refuseAfter: number | null;
  /** Waiting time before each delivery is acted on and answered. */
  readonly latencyMs: number;
  /** Probability of a 500: half of them before acting, half after. */
  readonly failRate: number;
  /** Of the random numbers; null: another one each time. */
  readonly seed: number | null;
  /** Random pages of its section that the device touches a second. */
  readonly dma: number;
  /** Called for each violation that is kept. */
  readonly onViolation: (violation: Violation) => void;
  /** Called with what a person may want to know: a text of one line. */
  readonly onNotice: (text: string) => void;
}

export const DEFAULT_OPTIONS: DeviceSimulatorOptions = {
  service: 'http://127.0.0.1:8080',
  token: null,
  block: null,
  machine: null,
  waitMs: 0,
  mode: 'sync',
  host: '127.0.0.1',
  port: 0,
  publicUrl: null,
  secret: null,
  section: null,
  granularity: null,
  timeoutMs: null,
  description: null,
  keep: false,
  dmaMaxMappings: DMA_ENTRY_LIMIT,
  memlock: null,
  refuseAfter: null,
  latencyMs: 0,
  failRate: 0,
  seed: null,
  dma: 0,
  onViolation: () => {},
  onNotice: () => {},
};
