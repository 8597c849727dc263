// An event as one line for people: when, what, where, and what matters of it. What an event does not have is left out, for
// a newer service may send other fields.

import type { ServiceEvent } from '../../client/event-stream.ts';
import { fieldOf, numberOf, stringOf } from '../../client/json-fields.ts';
import { EVENT_TYPES } from '../../event-types.ts';
import { printable } from '../../printable.ts';
import { size } from '../replay/summary-text.ts';

const TYPE_WIDTH = Math.max(...EVENT_TYPES.map((type) => type.length));

/** @returns text without a line end, and without control characters whatever the event has */
export function eventText({ event, data }: ServiceEvent): string {
  const place = joined('/', [stringOf(data, 'machine'), stringOf(data, 'ramBlockId')]);
  const words = [stringOf(data, 'at'), event.padEnd(TYPE_WIDTH), place, what(event, data)];
  return printable(joined(' ', words));
}

function what(event: string, data: unknown): string {
  const [kind = ''] = event.split('.');
  const describe = DESCRIPTIONS.get(kind);
  return describe === undefined ? JSON.stringify(data) : joined(', ', describe(data));
}

const DESCRIPTIONS: ReadonlyMap<string, (data: unknown) => (string | null)[]> = new Map(
  Object.entries({
    ram_block: (data: unknown) => [
      stringOf(data, 'idstr'),
      prefixed('used length ', sizeOf(data, 'usedLength')),
      prefixed('generation ', numberOf(data, 'generation')),
    ],
    conversion: (data: unknown) => [...conversion(data), prefixed('generation ', numberOf(data, 'generation'))],
    source: (data: unknown) => [
      stringOf(data, 'name'),
      prefixed('granularity ', sizeOf(data, 'granularity')),
      prefixed('populated ', sizeOf(data, 'populatedBytes')),
      ...conversion(fieldOf(data, 'change')),
      prefixed('generation ', numberOf(data, 'generation')),
    ],
    listener: (data: unknown) => {
      const unsettled = fieldOf(data, 'unsettled');
      const isSettled = (numberOf(unsettled, 'bytes') ?? 0) === 0;
      return [
        stringOf(data, 'id'),
        prefixed('state ', stringOf(data, 'state')),
        isSettled ? null : prefixed('unsettled ', sizeOf(unsettled, 'bytes')),
        stringOf(data, 'url'),
      ];
    },
    delivery: (data: unknown) => [
      prefixed('listener ', stringOf(data, 'listenerId')),
      stringOf(data, 'type'),
      prefixed('attempt ', numberOf(data, 'attempt')),
      prefixed('status ', numberOf(data, 'status') ?? (fieldOf(data, 'status') === null ? 'none' : null)),
      prefixed('outcome ', stringOf(data, 'outcome')),
      stringOf(data, 'responseExcerpt'),
    ],
  }),
);

/** A conversion, or a change of a source; with a problem where it failed. */
function conversion(change: unknown): (string | null)[] {
  const problem = fieldOf(change, 'problem');
  return [
    joined(' ', [
      prefixed('offset ', hexOf(change, 'offset')),
      prefixed('size ', hexOf(change, 'size')),
      prefixed('from ', stringOf(change, 'from')),
      prefixed('to ', stringOf(change, 'to')),
    ]),
    joined(': ', [stringOf(problem, 'code'), stringOf(problem, 'detail')]),
    prefixed('changed ', sizeOf(change, 'changedBytes')),
    notified(fieldOf(change, 'notified')),
  ];
}

function notified(ids: unknown): string | null {
  if (!Array.isArray(ids)) return null;
  const names = ids.map((id) => (typeof id === 'string' ? id : JSON.stringify(id)));
  return ids.length === 0 ? 'nobody notified' : `notified ${names.join(' ')}`;
}

function hexOf(data: unknown, name: string): string | null {
  const bytes = numberOf(data, name);
  return bytes === null ? null : `0x${bytes.toString(16)}`;
}

function sizeOf(data: unknown, name: string): string | null {
  const bytes = numberOf(data, name);
  return bytes === null ? null : size(bytes);
}

function prefixed(label: string, value: string | number | null): string | null {
  return value === null ? null : label + value;
}

function joined(separator: string, parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(separator);
}
