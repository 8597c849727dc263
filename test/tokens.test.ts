// The file of tokens: what a line may be, which token is found, and what stays when the file is read again.
import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Tokens } from '../src/tokens.ts';
import { hashOf, lineOf, READER, TokensFile, WRITER } from './support/tokens-file.ts';

let file: TokensFile;

beforeEach(async () => {
  file = await TokensFile.create();
});
afterEach(() => file.remove());

/** What is said of a file with this text. */
async function refusalOf(text: string): Promise<string> {
  await file.write(text);
  try {
    new Tokens(file.path);
    return '';
  } catch (error) {
    return String(error);
  }
}

describe('a token', () => {
  it('is found by itself, with its name and scope', () => {
    const tokens = new Tokens(file.path);
    expect(tokens.find(READER)).toEqual({ name: 'reader', scope: 'read' });
    expect(tokens.find(WRITER)).toEqual({ name: 'writer', scope: 'write' });
    expect(tokens.size).toBe(2);
  });

  it.each(['', 'unknown', hashOf(READER), READER.toUpperCase(), `${READER} `, READER.slice(0, -1), `${READER}x`])(
    'is not found by %j',
    (presented) => {
      expect(new Tokens(file.path).find(presented)).toBeNull();
    },
  );

  it('may be any text', async () => {
    await file.write(lineOf('odd', 'read', 'pässword with: colons #and more'));
    expect(new Tokens(file.path).find('pässword with: colons #and more')).toEqual({ name: 'odd', scope: 'read' });
  });

  it('of a name that has another is that name, too: so one is replaced by another', async () => {
    await file.write(lineOf('ci', 'write', 'old') + lineOf('ci', 'write', 'new'));
    const tokens = new Tokens(file.path);
    expect(tokens.find('old')).toEqual({ name: 'ci', scope: 'write' });
    expect(tokens.find('new')).toEqual({ name: 'ci', scope: 'write' });
  });
});

describe('the file', () => {
  it('may have comments, empty lines, spaces around a line, and line ends of any kind', async () => {
    const lines = [
      '# who may',
      '',
      '   ',
      `  ${lineOf('a', 'read', 'A').trim()}\t\r`,
      '  # more',
      lineOf('B-1._', 'write', 'B'),
    ];
    await file.write(`${lines.join('\n')}\n\n`);
    const tokens = new Tokens(file.path);
    expect([tokens.find('A')?.name, tokens.find('B')?.name]).toEqual(['a', 'B-1._']);
  });

  it('may write a hash in large letters', async () => {
    await file.write(`a:read:${hashOf('A').toUpperCase()}`);
    expect(new Tokens(file.path).find('A')?.name).toBe('a');
  });

  it.each([
    ['without a scope', `a:${hashOf('s')}`],
    ['with an unknown scope', `a:admin:${hashOf('s')}`],
    ['with a scope in large letters', `a:READ:${hashOf('s')}`],
    ['without a name', `:read:${hashOf('s')}`],
    ['with a name that has a space', `a b:read:${hashOf('s')}`],
    ['with a name of 65 characters', `${'a'.repeat(65)}:read:${hashOf('s')}`],
    ['with a hash that is too short', `a:read:${hashOf('s').slice(1)}`],
    ['with a hash that is too long', `a:read:${hashOf('s')}0`],
    ['with a hash that is not hexadecimal', `a:read:${hashOf('s').replace(/./, 'g')}`],
    ['with the token in the place of its hash', 'a:read:my-secret-token'],
    ['with more after the hash', `a:read:${hashOf('s')}:more`],
    ['with a comment after the hash', `a:read:${hashOf('s')} # mine`],
    ['with the output of sha256sum as it is', `a:read:${hashOf('s')}  -`],
  ])('is refused for a line %s, by name and number and without what it says', async (_what, line) => {
    const refusal = await refusalOf(`# one\n${lineOf('good', 'read', 'good')}\n${line}\n`);
    expect(refusal).toBe(`Error: ${file.path}, line 4: must be name:read|write:sha256 in hex`);
  });

  it('is refused when a token is there twice: whose would it be', async () => {
    const refusal = await refusalOf(lineOf('a', 'read', 'same') + lineOf('b', 'write', 'same'));
    expect(refusal).toBe(`Error: ${file.path}, line 2: this token was there before`);
  });

  it.each(['', '\n', '# nobody\n'])('is refused when nobody is in it: %j', async (text) => {
    expect(await refusalOf(text)).toBe(`Error: ${file.path} has no token`);
  });

  it('is refused when it is not there, or is none', async () => {
    expect(() => new Tokens(`${file.path}.none`)).toThrow(/ENOENT.*\.none/);
    await mkdir(`${file.path}.folder`);
    expect(() => new Tokens(`${file.path}.folder`)).toThrow('EISDIR');
  });
});

describe('reading it again', () => {
  it('knows the new tokens, and forgets the old', async () => {
    const tokens = new Tokens(file.path);
    await file.write(lineOf('third', 'read', 'third') + lineOf('writer', 'write', WRITER));
    tokens.reload();
    expect(tokens.find('third')?.name).toBe('third');
    expect(tokens.find(WRITER)?.name).toBe('writer');
    expect(tokens.find(READER)).toBeNull();
  });

  it('tells the tokens that stay from those that are gone or may do something else now', async () => {
    const tokens = new Tokens(file.path);
    const [reader, writer] = [tokens.find(READER), tokens.find(WRITER)];
    if (reader === null || writer === null) throw new Error('they are there');
    await file.write(lineOf('writer', 'write', WRITER) + lineOf('reader', 'write', READER));
    tokens.reload();
    expect([tokens.has(reader), tokens.has(writer)]).toEqual([false, true]);
  });

  it('throws when the file is not valid, and everything stays', async () => {
    const tokens = new Tokens(file.path);
    for (const text of ['', 'nonsense\n', `${lineOf('third', 'read', 'third')}a:b:c\n`]) {
      await file.write(text);
      expect(() => tokens.reload()).toThrow(file.path);
      expect(tokens.find(READER)?.name).toBe('reader');
      expect(tokens.find('third')).toBeNull();
    }
  });
});
