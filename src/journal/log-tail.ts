// What is in the log and not filed yet, in memory: reads look here first. Its texts are unpacked when somebody asks for
// what they say, each once.
import { damaged } from './checksums.ts';
import { type LoggedAnswer, type LoggedRecord, readGroup } from './log-text.ts';

/** What the log says of a block. */
export interface UnfiledBlock {
  /** It was created or deleted: what is filed under its id, if anything, is of a block that is no more. */
  replaced: boolean;
  exists: boolean;
  /** Oldest first. */
  records: LoggedRecord[];
}

/** What is filed, which the log goes on from. */
export interface Filed {
  sequenceOf(machine: string): number | undefined;
  hasBlock(ramBlockId: string): boolean;
}

export class LogTail {
  readonly #filed: Filed;
  #packed: string[] = [];
  #length = 0;
  readonly #positions = new Map<string, number>();
  readonly #blocks = new Map<string, UnfiledBlock>();
  readonly #answers = new Map<string, LoggedAnswer>();

  constructor(filed: Filed) {
    this.#filed = filed;
  }

  /** Characters of all texts. */
  get length(): number {
    return this.#length;
  }

  /** The last sequences of the machines that the log has anything of. */
  get positions(): ReadonlyMap<string, number> {
    this.#unpack();
    return this.#positions;
  }

  get blocks(): ReadonlyMap<string, UnfiledBlock> {
    this.#unpack();
    return this.#blocks;
  }

  get answers(): ReadonlyMap<string, LoggedAnswer> {
    this.#unpack();
    return this.#answers;
  }

  add(text: string): void {
    this.#packed.push(text);
    this.#length += text.length;
  }

  /** All of it is filed. */
  clear(): void {
    this.#packed = [];
    this.#length = 0;
    for (const each of [this.#positions, this.#blocks, this.#answers]) each.clear();
  }

  #unpack(): void {
    const packed = this.#packed;
    this.#packed = [];
    for (const text of packed) this.#unpackGroup(text);
  }

  /** @throws Error where it does not go on from what was before it */
  #unpackGroup(text: string): void {
    let machine = '';
    let last = 0;
    for (const entry of readGroup(text)) {
      if (entry.kind === 'machine') {
        if (machine !== '') this.#positions.set(machine, last);
        machine = entry.machine;
        const known = this.#positions.get(machine) ?? this.#filed.sequenceOf(machine) ?? 0;
        if (entry.sequence !== known) throw damaged(`the log has machine ${machine} at another sequence`);
        last = known;
      } else if (entry.kind === 'answer') {
        this.#answers.set(entry.answer.key, entry.answer);
        last = entry.sequence;
      } else if (entry.kind === 'deleted') {
        this.#block(entry.ramBlockId);
        this.#blocks.set(entry.ramBlockId, { replaced: true, exists: false, records: [] });
        last = entry.sequence;
      } else {
        const { ramBlockId, record } = entry;
        if (entry.kind === 'created') this.#blocks.set(ramBlockId, { replaced: true, exists: true, records: [] });
        this.#block(ramBlockId).records.push(record);
        last = record.sequence;
      }
    }
    if (text !== '') this.#positions.set(machine, last);
  }

  #block(ramBlockId: string): UnfiledBlock {
    const known = this.#blocks.get(ramBlockId);
    if (known?.exists) return known;
    if (known !== undefined || !this.#filed.hasBlock(ramBlockId)) {
      throw damaged(`the log names block ${ramBlockId}, which the journal does not have`);
    }
    const block = { replaced: false, exists: true, records: [] };
    this.#blocks.set(ramBlockId, block);
    return block;
  }
}
