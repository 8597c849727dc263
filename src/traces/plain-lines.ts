// Lines just as the tracers print them, which are nearly all of a trace. They are read from bytes: a regular expression
// makes an array and a string of each field. Only what is certain is answered here; trace-lines.ts knows what any line is.
import { GUEST_PAGE_SIZE } from './formats/guest-attributes.ts';
import { LineCursor, Word } from './line-cursor.ts';
import { plainTime } from './plain-stamp.ts';
import type { ConversionTarget, TraceEvent, TraceEventName } from './trace-event.ts';

const [CARRIAGE_RETURN, BLANK] = [0x0d, 0x20];

const CONVERT_MEMORY = new Word('kvm_convert_memory ');
const HYPERCALL = new Word('kvm_hypercall:');
const STATE_CHANGE = new Word('ram_block_attributes_state_change ');
const MEMORY_ATTRIBUTES = new Word('kvm_vm_set_mem_attributes:');
const MSR_PROTOCOL = new Word('kvm_vmgexit_msr_protocol_enter:');
const HC_MAP_GPA_RANGE = new Word('kvm_hc_map_gpa_range ');
const MEMORY_FAULT = new Word('kvm_memory_fault ');
const MEMORY_SLOT = new Word('kvm_set_user_memory ');
const CLOUD_HYPERVISOR = new Word('KVM_HC_MAP_GPA_RANGE:');
/** All have their first underscore there. */
const UNDERSCORE_IN_NAME = 3;
/** The names by the character behind that underscore: few lines have to be held against more than one. */
const NAMES: readonly (readonly Word[])[] = Array.from({ length: 256 }, (_, byte) => {
  const names: Readonly<Record<string, readonly Word[]>> = {
    h: [HYPERCALL, HC_MAP_GPA_RANGE],
    c: [CONVERT_MEMORY],
    v: [MEMORY_ATTRIBUTES, MSR_PROTOCOL],
    b: [STATE_CHANGE],
    m: [MEMORY_FAULT],
    s: [MEMORY_SLOT],
    H: [CLOUD_HYPERVISOR],
  };
  return names[String.fromCharCode(byte)] ?? [];
});

const START = new Word('start 0x');
const OFFSET = new Word('offset 0x');
const SIZE = new Word(' size 0x');
const SHARED_TO_PRIVATE = new Word(' shared_to_private');
const PRIVATE_TO_SHARED = new Word(' private_to_shared');
const FROM_STATES = ['populated', 'discarded', 'mixture', 'shared', 'private'].map(
  (state) => new Word(` from '${state}'`),
);
const TO_PRIVATE = [" to 'discarded'", " to 'private'"].map((text) => new Word(text));
const TO_SHARED = [" to 'populated'", " to 'shared'"].map((text) => new Word(text));

const NUMBER = new Word('nr 0x');
const MAP_GPA_RANGE = new Word('nr 0xc a0 0x');
const PAGES = new Word(' a1 0x');
const ATTRIBUTES = new Word(' a2 0x');
const LAST_ARGUMENT = new Word(' a3 0x');
const LAST_ARGUMENT_OF_KERNEL = new Word('  a3 0x');

const FIRST_FRAME = new Word(' 0x0');
const END_FRAME = new Word(' -- 0x0');
const MEMORY_IS_PRIVATE = new Word(' [0x8]');
const MEMORY_IS_SHARED = new Word(' [0x0]');

/** In the attributes: the guest wants the range encrypted. */
const ENCRYPTED = 0x10;

/** Null is what is not printed as usual, whatever it is. Foreign is what surely is no conversion, nor was to be one. */
export type PlainLine = TraceEvent | 'foreign' | null;

/** Lines of one piece of a trace: all but the first one, which may have begun before the piece. */
export class PlainLines {
  readonly #text: string;
  readonly #cursor: LineCursor;
  /** The underscore that was found last; the length of the text when there was none any more. */
  #underscore = -1;
  /** The number of the line at hand, and where the event's name is in it. */
  #line = 0;
  #name = 0;

  /** @param text `bytes` in Latin-1: strings are faster to search in, bytes to read from */
  constructor(bytes: Uint8Array, text: string) {
    this.#text = text;
    this.#cursor = new LineCursor(bytes);
  }

  /** Reads the line from `start` to its line feed at `end`; to be called in the order of lines. */
  parse(start: number, end: number, line: number): PlainLine {
    const cursor = this.#cursor;
    cursor.start = start;
    cursor.end = end;
    this.#line = line;
    const name = this.#takeName(start);
    if (name === null) return 'foreign';
    this.#name = cursor.at - name.length;
    if (name === HYPERCALL) return this.#parseHypercall();
    if (name === CONVERT_MEMORY) return this.#parseConvertMemory();
    if (name === MEMORY_ATTRIBUTES) return this.#parseMemoryAttributes();
    return name === STATE_CHANGE ? this.#parseStateChange() : null;
  }

  /** Moves over the first name of an event from `start` on. @returns null without any */
  #takeName(start: number): Word | null {
    const cursor = this.#cursor;
    for (let at = this.#underscoreFrom(start); at < cursor.end; at = this.#underscoreFrom(at + 1)) {
      cursor.at = at - UNDERSCORE_IN_NAME;
      if (cursor.at < start) continue;
      const names = NAMES[cursor.byteAt(at + 1)] ?? [];
      for (let index = 0; index < names.length; index++) {
        const name = names[index];
        if (name !== undefined && cursor.take(name)) return name;
      }
    }
    return null;
  }

  #underscoreFrom(start: number): number {
    if (this.#underscore < start) {
      const found = this.#text.indexOf('_', start);
      this.#underscore = found < 0 ? this.#text.length : found;
    }
    return this.#underscore;
  }

  #parseConvertMemory(): PlainLine {
    const cursor = this.#cursor;
    const start = cursor.take(START) ? cursor.takeHex() : -1;
    const size = cursor.take(SIZE) ? cursor.takeHex() : -1;
    const toPrivate = cursor.take(SHARED_TO_PRIVATE);
    if (!toPrivate && !cursor.take(PRIVATE_TO_SHARED)) return null;
    return this.#event('kvm_convert_memory', start, size, toPrivate ? 'private' : 'shared');
  }

  #parseStateChange(): PlainLine {
    const cursor = this.#cursor;
    const start = cursor.take(OFFSET) ? cursor.takeHex() : -1;
    const size = cursor.take(SIZE) ? cursor.takeHex() : -1;
    if (!this.#takeAny(FROM_STATES)) return null;
    const toPrivate = this.#takeAny(TO_PRIVATE);
    if (!toPrivate && !this.#takeAny(TO_SHARED)) return null;
    return this.#event('ram_block_attributes_state_change', start, size, toPrivate ? 'private' : 'shared');
  }

  /** Frame numbers as the kernel prints them, with zeros before them, and the end exclusive. */
  #parseMemoryAttributes(): PlainLine {
    const cursor = this.#cursor;
    cursor.skip(BLANK);
    cursor.at--;
    const start = cursor.take(FIRST_FRAME) ? cursor.takeHex() : -1;
    const end = cursor.take(END_FRAME) ? cursor.takeHex() : -1;
    const toPrivate = cursor.take(MEMORY_IS_PRIVATE);
    if (!toPrivate && !cursor.take(MEMORY_IS_SHARED)) return null;
    if (start < 0 || end < start) return null;
    const [from, size] = [start * GUEST_PAGE_SIZE, (end - start) * GUEST_PAGE_SIZE];
    return this.#event('kvm_vm_set_mem_attributes', from, size, toPrivate ? 'private' : 'shared');
  }

  /** Moves over the first of `words` that is there. */
  #takeAny(words: readonly Word[]): boolean {
    for (let index = 0; index < words.length; index++) {
      const word = words[index];
      if (word !== undefined && this.#cursor.take(word)) return true;
    }
    return false;
  }

  #parseHypercall(): PlainLine {
    const cursor = this.#cursor;
    // trace-cmd pads after the colon.
    cursor.skip(BLANK);
    if (!cursor.take(MAP_GPA_RANGE)) return this.#isOtherHypercall() ? 'foreign' : null;
    const start = cursor.takeHex();
    const pages = cursor.take(PAGES) ? cursor.takeHex() : -1;
    const attributes = cursor.take(ATTRIBUTES) ? cursor.takeHex() : -1;
    if (pages < 0 || attributes < 0) return null;
    if ((cursor.take(LAST_ARGUMENT) || cursor.take(LAST_ARGUMENT_OF_KERNEL)) && cursor.takeHex() < 0) return null;
    const to = (attributes & ENCRYPTED) === 0 ? 'shared' : 'private';
    return this.#event('kvm_hypercall', start, pages * GUEST_PAGE_SIZE, to);
  }

  /** Whether the hypercall has another number, and no name of an event is behind it. */
  #isOtherHypercall(): boolean {
    const cursor = this.#cursor;
    const number = cursor.take(NUMBER) ? cursor.takeHex() : -1;
    return number >= 0 && number !== 0xc && this.#takeName(cursor.at) === null;
  }

  /** The event, when numbers and stamp are plain and nothing is left of the line. */
  #event(event: TraceEventName, start: number, size: number, to: ConversionTarget): TraceEvent | null {
    if (start < 0 || size < 0 || !this.#isAtEnd()) return null;
    const time = plainTime(this.#cursor, this.#name);
    return time === undefined ? null : { line: this.#line, event, start, size, to, time };
  }

  #isAtEnd(): boolean {
    const { at, end } = this.#cursor;
    return at === end || (at === end - 1 && this.#cursor.byteAt(at) === CARRIAGE_RETURN);
  }
}
