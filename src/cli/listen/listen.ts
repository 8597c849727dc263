// Handles each event of rba listen: chooses, prints, forwards and counts it.

import { isOfType } from '../../event-types.ts';
import { printableJson } from '../../printable.ts';
import type { ListenArguments } from './arguments.ts';
import { eventText } from './event-text.ts';
import { type FollowOptions, followEvents } from './follow.ts';
import { Forwarder } from './forwarder.ts';

export interface ListenOutput extends Pick<FollowOptions, 'signal' | 'onNotice' | 'idleMs' | 'wait'> {
  /** Called with each event that is wanted: a text of one line. */
  readonly onLine: (line: string) => void;
}

/**
 * Comes back after the last event that is wanted, or when the signal ends it.
 * @throws CommandError when the service cannot be used
 */
export async function listen(options: ListenArguments, output: ListenOutput): Promise<void> {
  const { events, forwardTo, count, json } = options;
  const { signal, onLine, onNotice } = output;
  await using forwarder = forwardTo === null ? null : new Forwarder(forwardTo);
  let seen = 0;
  for await (const event of followEvents({ ...options, ...output })) {
    if (events.length > 0 && !events.some((wanted) => isOfType(event.event, wanted))) continue;
    onLine(json ? printableJson(event) : eventText(event));
    const failure = (await forwarder?.forward(event, signal)) ?? null;
    if (signal.aborted) return;
    if (failure !== null) onNotice(`${event.event} ${event.id ?? ''} was not forwarded to ${forwardTo}: ${failure}`);
    seen++;
    if (seen === count) return;
  }
}
