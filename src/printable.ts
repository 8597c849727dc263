// Text of others where it could do something: control characters move a terminal's cursor, or hide what came before.

/** Returns `text` with its control characters (C0, DEL, C1) written out, as in `\u{1b}`. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}
