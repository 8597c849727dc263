// The events of a service for a command: one after the other, with a text of one line for whatever happens to the
// connection.
import { EventTooLongError, type ServiceEvent } from '../../client/event-stream.ts';
import { type FollowState, followEvents as followClient, SilenceError } from '../../client/follow-events.ts';
import { NoAnswerError, ProblemError, UnexpectedAnswerError } from '../../client/service-client.ts';
import { ServiceConnection } from '../../client/service-connection.ts';
import { CommandError } from '../command-error.ts';
import { answeredText, noAnswerText, notTheServiceText } from '../service-call.ts';

export interface FollowOptions {
  readonly service: URL;
  readonly token: string | null;
  readonly machine: string | null;
  readonly ramBlockId: string | null;
  /** Id of the event to begin after; null: from now on. */
  readonly after: string | null;
  /** Ends it, without an error. */
  readonly signal: AbortSignal;
  /** Called with news for a person: a text of one line. */
  readonly onNotice: (text: string) => void;
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly idleMs?: number;
  /** Waits so many milliseconds, or less when the signal says so. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Gives the events in their order. Whatever came while the connection was broken follows, as long as the service keeps it.
 * @throws CommandError when the service was never reached, or refuses
 */
export async function* followEvents(options: FollowOptions): AsyncGenerator<ServiceEvent> {
  const { service, token, onNotice, ...rest } = options;
  await using connection = new ServiceConnection(service, token);
  const onState = (state: FollowState): void => onNotice(stateText(connection.url, state));
  try {
    for await (const events of followClient(connection, { ...rest, onState })) yield* events;
  } catch (error) {
    throw commandError(connection.url, error);
  }
}

function stateText(url: string, state: FollowState): string {
  if (state.kind === 'live') return `following ${url}`;
  if (state.kind === 'missed') return `events were missed, going on from now: ${state.detail}`;
  const { error, retryMs, loses } = state;
  const seconds = Math.round(retryMs / 100) / 10;
  const missed = loses ? ', what comes until then is missed' : '';
  return `${lostText(url, error)}; connecting again in ${seconds} s${missed}`;
}

function lostText(url: string, error: NoAnswerError | ProblemError | null): string {
  if (error === null) return 'the service ended the stream';
  if (error instanceof ProblemError) return answeredText(url, error.answer);
  if (error.cause instanceof SilenceError) return error.cause.message;
  if (error.reason === 'ECONNREFUSED') return 'the service is not there (ECONNREFUSED)';
  return `the connection broke (${error.reason})`;
}

function commandError(url: string, error: unknown): unknown {
  if (error instanceof NoAnswerError) return new CommandError(noAnswerText(error), { cause: error });
  if (error instanceof ProblemError) return new CommandError(answeredText(url, error.answer), { cause: error });
  if (error instanceof UnexpectedAnswerError) {
    return new CommandError(notTheServiceText(url, error.expected), { cause: error });
  }
  return error instanceof EventTooLongError ? new CommandError(error.message, { cause: error }) : error;
}
