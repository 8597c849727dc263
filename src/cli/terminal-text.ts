// Text of others on a terminal: an idstr or a listener's answer may hold control characters, which could move the cursor
// or hide what came before.

/** `text` with its control characters written out, as in `\u{1b}`. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}
