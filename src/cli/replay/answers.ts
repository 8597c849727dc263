// A RAM block as the service describes it, of what a replay needs.
import { fieldOf, numberOf, stringOf } from '../../client/json-fields.ts';

/** A RAM block, of what its answer says the fields that a replay needs; bytes. */
export interface RamBlockAnswer {
  readonly id: string;
  readonly machine: string;
  readonly idstr: string;
  readonly gpa: number | null;
  readonly usedLength: number;
  readonly pageSize: number;
  readonly hasAttributes: boolean;
}

/** @returns null where `value` is no RAM block */
export function toRamBlock(value: unknown): RamBlockAnswer | null {
  const [id, machine, idstr] = [stringOf(value, 'id'), stringOf(value, 'machine'), stringOf(value, 'idstr')];
  const [usedLength, pageSize] = [numberOf(value, 'usedLength'), numberOf(value, 'pageSize')];
  if (id === null || machine === null || idstr === null || usedLength === null || pageSize === null) return null;
  const attributes = fieldOf(value, 'attributes');
  const hasAttributes = attributes !== null && attributes !== undefined;
  return { id, machine, idstr, gpa: numberOf(value, 'gpa'), usedLength, pageSize, hasAttributes };
}
