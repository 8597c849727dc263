// The command line of rba listen: its help, and arguments to options.
import ipaddr from 'ipaddr.js';
import { EVENT_TYPES, isOfType } from '../../event-types.ts';
import { commandLine, noFiles, parseCommandLine, repeatable } from '../command-line.ts';
import { DEFAULT_SERVICE, parseMachine, parseService, parseToken, toHttpUrl, wholeNumber } from '../shared-options.ts';
import { UsageError } from '../usage-error.ts';

export const LISTEN_TEXT = {
  name: 'listen',
  usage: '[--service URL] [--machine NAME] [--ram-block ID] [--event TYPE]... [options]',
  about:
    'Follows the events of a running service, one line each, and goes on by itself where it stopped when the connection breaks.',
  notes: `Events: ${wrap(EVENT_TYPES, 112)}`,
  exitCodes:
    '0 after --count events or when it is told to end (Ctrl-C); 1 the service cannot be used; 2 wrong arguments',
  example: `Example, what fails in one machine, also sent to a program of yours:
  rba listen --machine vm1 --event conversion.failed --event delivery --forward-to http://localhost:3000/hook`,
};

export interface ListenArguments {
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

/**
 * Returns the options of the command.
 * @param args without the name of the command
 * @throws UsageError, HelpRequest
 */
export function parseListenArguments(args: readonly string[]): ListenArguments {
  const { options, positionals } = parseCommandLine(listenCommand(), args);
  noFiles(positionals);
  const { json = false, service, token = null, machine = null, ramBlock: ramBlockId = null, after = null } = options;
  const { event: events = [], forwardTo = null, count = null } = options;
  return { json, service: parseService(service), token, machine, ramBlockId, after, events, forwardTo, count };
}

function listenCommand() {
  return commandLine(LISTEN_TEXT)
    .option('--service <URL>', 'the service', DEFAULT_SERVICE)
    .option('--token <TOKEN>', 'sent as Authorization: Bearer', parseToken)
    .option('--machine <NAME>', 'only of this machine', parseMachine)
    .option('--ram-block <ID>', 'only of this RAM block', idOf('ram-block'))
    .option('--after <ID>', 'what came after the event with this id (what comes from now on)', idOf('after'))
    .option(
      '--event <TYPE>',
      'only events of this type, such as conversion.failed, or conversion for all of those; repeatable',
      repeatable(parseEvent),
    )
    .option(
      '--forward-to <URL>',
      'post each event there as JSON { id, event, data }, in order, one at a time; a URL of this machine: localhost or a loopback address. What fails is said on standard error and not tried again',
      parseForwardTo,
    )
    .option('--count <N>', 'end after N events', wholeNumber('count', 1, Number.MAX_SAFE_INTEGER))
    .option('--json', 'print each event as one line of JSON, { "id", "event", "data" }');
}

/** Ids are opaque; an empty one is a shell variable that was not set, and would mean all. */
function idOf(name: string): (text: string) => string {
  return (text) => {
    if (text !== '') return text;
    throw new UsageError(`--${name} is empty: an id is needed`);
  };
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
    `--forward-to ${text}: only to this machine, that is localhost, 127.0.0.1 or [::1]; another one gets events as a listener or from its own rba listen`,
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
