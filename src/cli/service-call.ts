// The message of a command that cannot use the service: one line, with the option that helps.
import { stringOf } from '../client/json-fields.ts';
import { type NoAnswerError, type ServiceAnswer, toProblem } from '../client/service-client.ts';

/** Returns the text for a service that gave no answer. */
export function noAnswerText({ message }: NoAnswerError): string {
  return `${message}; --service gives its URL`;
}

/** Returns the text for an answer that ends a command. @param hints by code of the problem, beside those about the token */
export function answeredText(
  url: string,
  answer: Pick<ServiceAnswer, 'status' | 'text' | 'json'>,
  hints: Readonly<Record<string, string>> = {},
): string {
  const { status, code, detail } = toProblem(answer);
  const tokenHint = code === 'unauthorized' || code === 'forbidden' ? '; --token gives a token' : '';
  return `the service at ${url} answered ${status} ${code}: ${detail}${stringOf(hints, code) ?? tokenHint}`;
}

/** Returns the text for another program that seems to listen at `url`. @param what should have come */
export function notTheServiceText(url: string, what: string): string {
  return `${url} does not answer as this service does (${what}); --service names another`;
}
