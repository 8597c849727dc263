// Text of others where it could do something: control characters move a terminal's cursor, or hide what came before.

/** Returns `text` with its control characters (C0, DEL, C1) written out, as in `\u{1b}`. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}

/**
 * Returns `value` as JSON in which no character controls a terminal. JSON itself escapes C0; DEL and C1 stand for the same as
 * `\u` escapes.
 * @param indent blanks of each level; left out, all is one line
 */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(/[\u007f-\u009f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
