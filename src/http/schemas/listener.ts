// Listeners, their deliveries, and the webhooks that they receive, on the wire.

import { Type } from 'typebox';
import { DELIVERY_TIMEOUT_MS } from '../../limits.ts';
import { SECRET_PATTERN } from '../../listeners/signature.ts';
import { ByteSize, Bytes, Count, input, NO_CONTROLS, nullable, page, ref, Section, stringEnum } from './common.ts';

const Sequence = Type.Integer({ format: 'int64', minimum: 0 });

const MAX_SECTIONS = { minimum: 1, maximum: 8192, description: 'Sections of one delivery.' };
const URL_TEXT = { minLength: 1, maxLength: 2048, pattern: NO_CONTROLS, examples: ['http://127.0.0.1:9000/'] };
const SECRET = { pattern: SECRET_PATTERN, maxLength: 100, description: '`whsec_` and base64 of 24 to 64 bytes.' };
const DESCRIPTION = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  maxLength: 1000,
  pattern: NO_CONTROLS,
  description: 'For people; without control characters.',
});
const TIMEOUT_MS = {
  minimum: DELIVERY_TIMEOUT_MS.least,
  maximum: DELIVERY_TIMEOUT_MS.most,
  description: 'Of one delivery, retries included.',
};

const MODES = ['sync', 'async'] as const;

const REASONS = [
  'conversion',
  'registration',
  'unregistration',
  'rollback',
  'replay',
  'source',
  'resize',
  'recovery',
] as const;

export const NewListenerSection = input(
  {
    offset: Type.Optional(ref(ByteSize)),
    size: Type.Optional(ref(ByteSize)),
    offsetWithinAddressSpace: Type.Optional(ref(ByteSize)),
  },
  {
    $id: 'NewListenerSection',
    description:
      'Page aligned. offset: 0. size: to the end, following it. offsetWithinAddressSpace: gpa + offset, or offset.',
  },
);

export const NewListener = input(
  {
    url: Type.String(URL_TEXT),
    mode: stringEnum(MODES, {
      default: 'sync',
      description: 'sync: must accept before a change is done, and may refuse a populate. async: is told afterwards.',
    }),
    section: Type.Optional(ref(NewListenerSection)),
    granularity: Type.Optional(ref(ByteSize)),
    doubleDiscardSupported: Type.Boolean({
      default: true,
      description: 'How unregistering discards: at once, or each run.',
    }),
    coordinatedDiscard: Type.Boolean({
      default: true,
      description: 'false: the device pins all memory and cannot discard.',
    }),
    dmaMaxMappings: Type.Optional(
      Type.Unsafe<number | null>({
        type: ['integer', 'null'],
        format: 'int64',
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          'Of sync listeners: a populate that would need more mappings at its granularity is refused (VFIO type1: 65535).',
      }),
    ),
    maxSections: Type.Integer({ ...MAX_SECTIONS, default: 512 }),
    timeoutMs: Type.Integer({ ...TIMEOUT_MS, default: 5000 }),
    description: Type.Optional(DESCRIPTION),
    secret: Type.Optional(Type.String(SECRET)),
  },
  {
    $id: 'NewListener',
    description: "granularity: a power of two, at least 4096; the block's page size where it is left out.",
  },
);

export const ListenerSection = Type.Object(
  { offset: ref(Bytes), size: ref(Bytes), offsetWithinAddressSpace: ref(Bytes) },
  {
    $id: 'ListenerSection',
    description: 'The part of the block that a listener hears of.',
    additionalProperties: false,
  },
);

export const ListenerMapped = Type.Object(
  { bytes: ref(Bytes), runs: ref(Count), mappings: ref(Count) },
  {
    $id: 'ListenerMapped',
    description:
      'The pages that the listener was told of and has acknowledged; `mappings` are the pieces of its granularity that these runs touch. A delivery that an async listener did not acknowledge before it was given up changes nothing here, whatever the receiver did with it, until a replay or a `recovery` covers its pages.',
    additionalProperties: false,
  },
);

export const ListenerUnsettled = Type.Object(
  {
    bytes: ref(Bytes),
    runs: ref(Count),
    unknownBytes: ref(Bytes),
    sections: Type.Array(ref(Section), { description: 'The first 1000.' }),
  },
  {
    $id: 'ListenerUnsettled',
    description: 'Pages that may or may not be mapped (unknown), or are owed a populate.',
    additionalProperties: false,
  },
);

export const ListenerPosition = Type.Object(
  {
    lastSequence: Sequence,
    acknowledgedSequence: Sequence,
    pending: ref(Count),
    oldestPendingAt: Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time' }),
  },
  {
    $id: 'ListenerPosition',
    description:
      'How far its deliveries have come. Every delivery up to `acknowledgedSequence` is over: acknowledged, or given up by a skip, by a replay or because the listener was disabled. Of an async one what is acknowledged is shown once it is durable; a replay that has not begun is one pending delivery.',
    additionalProperties: false,
  },
);

const listenerFields = {
  id: Type.String(),
  ramBlockId: Type.String(),
  url: Type.String(),
  mode: stringEnum(MODES),
  section: ref(ListenerSection),
  granularity: ref(Bytes),
  doubleDiscardSupported: Type.Boolean(),
  coordinatedDiscard: Type.Boolean(),
  dmaMaxMappings: nullable(ref(Count)),
  maxSections: Type.Integer(MAX_SECTIONS),
  timeoutMs: Type.Integer(TIMEOUT_MS),
  description: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
  warnings: Type.Array(Type.String(), { description: 'For people: what may go wrong with it.' }),
  state: stringEnum(['registering', 'active', 'failing', 'disabled', 'removing'], {
    description:
      'registering: its replay is not through. failing: ranges are unsettled (sync), or the last attempt failed (async). disabled: an async one that is told nothing. removing: a discard of its section is owed before it is forgotten.',
  }),
  mapped: ref(ListenerMapped),
  unsettled: ref(ListenerUnsettled),
  position: ref(ListenerPosition),
  createdAt: Type.String({ format: 'date-time' }),
};

export const Listener = Type.Object(listenerFields, { $id: 'Listener', additionalProperties: false });

export const RegisteredListener = Type.Object(
  {
    ...listenerFields,
    secret: Type.Optional(Type.String({ description: 'Shown in this answer only, and only if the service made it.' })),
  },
  { $id: 'RegisteredListener', additionalProperties: false },
);

export const ListenerUpdate = input(
  {
    url: Type.Optional(
      Type.String({ ...URL_TEXT, description: 'The same device at another address, from the next attempt on.' }),
    ),
    timeoutMs: Type.Optional(Type.Integer(TIMEOUT_MS)),
    description: Type.Optional(DESCRIPTION),
    state: Type.Optional(
      stringEnum(['active', 'disabled'], {
        description: 'Of async listeners: while disabled nothing is queued; active starts with a replay.',
      }),
    ),
  },
  { $id: 'ListenerUpdate', description: 'Fields that are left out stay as they are.' },
);

export const NewSecretRotation = input(
  {
    gracePeriodSeconds: Type.Integer({
      minimum: 0,
      maximum: 604_800,
      default: 86_400,
      description: 'How long the secret before it signs as well.',
    }),
    secret: Type.Optional(Type.String(SECRET)),
  },
  { $id: 'NewSecretRotation', description: 'The service makes a secret where none is given.' },
);

export const SecretRotation = Type.Object(
  { secret: Type.String(), previousSecretUntil: Type.String({ format: 'date-time' }) },
  { $id: 'SecretRotation', description: 'The new secret, shown in this answer only.', additionalProperties: false },
);

export const ListenerList = page('ListenerList', ref(Listener));

export const Delivery = Type.Object(
  {
    id: Type.String({ description: 'The webhook-id.' }),
    sequence: Sequence,
    type: stringEnum(['ram_block.populate', 'ram_block.discard']),
    reason: stringEnum(REASONS),
    attempt: ref(Count),
    status: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      minimum: 100,
      maximum: 999,
      description: 'null without an answer.',
    }),
    outcome: stringEnum(['accepted', 'refused', 'unanswered']),
    durationMs: ref(Count),
    startedAt: Type.String({ format: 'date-time' }),
    responseExcerpt: Type.String(),
  },
  { $id: 'Delivery', description: 'One attempt to send a delivery.', additionalProperties: false },
);

export const DeliveryList = page('DeliveryList', ref(Delivery));

export const WebhookSection = Type.Object(
  { offsetWithinRegion: ref(Bytes), size: ref(Bytes), offsetWithinAddressSpace: ref(Bytes) },
  { $id: 'WebhookSection', description: "QEMU's MemoryRegionSection.", additionalProperties: false },
);

export const WebhookData = Type.Object(
  {
    ramBlockId: Type.String(),
    listenerId: Type.String(),
    machine: Type.String(),
    idstr: Type.String(),
    sequence: Type.Integer({ format: 'int64', minimum: 1, description: 'Counts the deliveries of one listener.' }),
    settledThrough: Type.Integer({
      format: 'int64',
      minimum: 0,
      description: 'Every delivery up to this sequence is over for the service, answered or given up.',
    }),
    generation: Type.Integer({
      format: 'int64',
      minimum: 0,
      description: 'Of the block: before the change for a sync listener, which is asked; after it for an async one.',
    }),
    granularity: ref(Bytes),
    reason: stringEnum(REASONS),
    conversionId: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'null where it is of none, or of several (a batch, a bitmap).',
    }),
    sections: Type.Array(ref(WebhookSection), { minItems: 1, maxItems: 8192 }),
  },
  { $id: 'WebhookData', description: 'The change, and the sections that it is about.', additionalProperties: false },
);

const webhook = (type: 'ram_block.populate' | 'ram_block.discard', $id: string, description: string) =>
  Type.Object(
    {
      type: stringEnum([type]),
      timestamp: Type.String({ format: 'date-time' }),
      data: ref(WebhookData),
    },
    { $id, description, additionalProperties: false },
  );

export const PopulateWebhook = webhook(
  'ram_block.populate',
  'PopulateWebhook',
  'These sections are about to become usable: map them, then answer 200 or 204; 403, 409 or 422 refuses.',
);

export const DiscardWebhook = webhook(
  'ram_block.discard',
  'DiscardWebhook',
  'These sections are about to become unusable: unmap them, then answer 2xx. What is not mapped is answered 2xx too.',
);
