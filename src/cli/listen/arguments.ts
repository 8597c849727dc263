// The command line of rba-listen: its help, and arguments to options.
import ipaddr from 'ipaddr.js';
import {
  DEFAULT_SERVICE,
  parseCommandLine,
  parseMachine,
  parseService,
  parseToken,
  parseWhole,
  toHttpUrl,
} from '../arguments.ts';
import { UsageError } from '../usage-error.ts';
import { EVENT_TYPES, isOfType } from './event-types.ts';

export const USAGE = 'usage: rba-listen [--service URL] [--machine NAME] [--ram-block ID] [--event TYPE]... [options]';

export const HELP = `${USAGE}

Follows the events of a running service, one line each, and goes on by itself where it stopped when the connection breaks.

  --service URL      the service (${DEFAULT_SERVICE})
  --token TOKEN      sent as Authorization: Bearer
  --machine NAME     only of this machine
  --ram-block ID     only of this RAM block
  --after ID         what came after the event with this id (what comes from now on)
  --event TYPE       only events of this type, such as conversion.failed, or conversion for all of those; repeatable
  --forward-to URL   post each event there as JSON { id, event, data }, in order, one at a time; a URL of this machine:
                     localhost or a loopback address. What fails is said on standard error and not tried again
  --count N          end after N events
  --json             print each event as one line of JSON, { "id", "event", "data" }
  --help

Events: ${wrap(EVENT_TYPES, 112)}

Exit code: 0 after --count events or when it is told to end (Ctrl-C); 1 the service cannot be used; 2 wrong arguments.

Example, what fails in one machine, also sent to a program of yours:
  rba-listen --machine vm1 --event conversion.failed --event delivery --forward-to http://localhost:3000/hook
`;

export interface ListenArguments {
  readonly help: boolean;
  readonly json: boolean;
  readonly service: URL;
  readonly token: string | null;
  readonly machine: string | null;
  readonly ramBlockId: string | null;
  readonly after: string | null;
  /** Types or their first words; empty: all. */
  readonly events: readonly string[];
  readonly forwardTo: URL | null;
  /** null: no end. */
  readonly count: number | null;
}

/** @param args without the program's own name @throws UsageError */
export function parseListenArguments(args: readonly string[]): ListenArguments {
  const { values } = parseCommandLine({
    args: [...args],
    allowPositionals: false,
    options: {
      service: { type: 'string' },
      token: { type: 'string' },
      machine: { type: 'string' },
      'ram-block': { type: 'string' },
      after: { type: 'string' },
      event: { type: 'string', multiple: true },
      'forward-to': { type: 'string' },
      count: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const { token, machine, count, 'ram-block': ramBlockId, 'forward-to': forwardTo } = values;
  return {
    help: values.help ?? false,
    json: values.json ?? false,
    service: parseService(values.service ?? DEFAULT_SERVICE),
    token: token === undefined ? null : parseToken(token),
    machine: machine === undefined ? null : parseMachine(machine),
    ramBlockId: ramBlockId === undefined ? null : parseId('ram-block', ramBlockId),
    after: values.after === undefined ? null : parseId('after', values.after),
    events: (values.event ?? []).map(parseEvent),
    forwardTo: forwardTo === undefined ? null : parseForwardTo(forwardTo),
    count: count === undefined ? null : parseWhole('count', count, 1, Number.MAX_SAFE_INTEGER),
  };
}

/** Ids are opaque; an empty one is a shell variable that was not set, and would mean all. */
function parseId(name: string, text: string): string {
  if (text !== '') return text;
  throw new UsageError(`--${name} is empty: an id is needed`);
}

/** A type that does not exist would never come, and nothing would say so. */
function parseEvent(text: string): string {
  if (EVENT_TYPES.some((type) => isOfType(type, text))) return text;
  throw new UsageError(`--event ${text}: no event is of this type; there are ${EVENT_TYPES.join(', ')}`);
}

function parseForwardTo(text: string): URL {
  const url = toHttpUrl(text);
  if (url === null) throw new UsageError(`--forward-to ${text}: a URL that begins with http:// or https://`);
  if (isLoopback(url.hostname)) return url;
  throw new UsageError(
    `--forward-to ${text}: only to this machine, that is localhost, 127.0.0.1 or [::1]; another one gets events as a listener or from its own rba-listen`,
  );
}

/** @param hostname of a URL, which has every way to write an IPv4 address turned into four numbers */
function isLoopback(hostname: string): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  return address === 'localhost' || (ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback');
}

/** Words in lines of at most `width` characters, the second and later indented. */
function wrap(words: readonly string[], width: number): string {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length + 2 > width) lines.push(word);
    else lines[lines.length - 1] = `${line}, ${word}`;
  }
  return lines.join(',\n        ');
}
