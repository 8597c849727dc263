// What a command says when it cannot use the service.
import { expect, it } from 'vitest';
import { answeredText, noAnswerText, notTheServiceText } from '../../src/cli/service-call.ts';
import { NoAnswerError } from '../../src/client/service-client.ts';

it('an answer is told with a hint where one helps', () => {
  const text = (code: string) =>
    answeredText('http://s', { status: 400, text: '', json: { code, detail: 'd' } }, { known: '; hint' });
  expect(text('unauthorized')).toBe('the service at http://s answered 400 unauthorized: d; --token gives a token');
  expect(text('known')).toBe('the service at http://s answered 400 known: d; hint');
  for (const code of ['other', 'constructor'])
    expect(text(code)).toBe(`the service at http://s answered 400 ${code}: d`);
});

it('no answer, or that of another program, is told with the option that names the service', () => {
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const text = noAnswerText(new NoAnswerError('http://s', cause));
  expect(text).toBe('no answer from http://s (ECONNREFUSED); --service gives its URL');
  expect(notTheServiceText('http://s', 'a page')).toMatch(
    /^http:\/\/s does not answer .*\(a page\); --service names another$/,
  );
});
