import type { RawUser } from './users.ts';

type Field = Exclude<keyof RawUser, 'line'>;

/** The columns of `SmppServerUsers` in their order; a file may have them in another, or others beside them. */
const fieldsByColumn: Readonly<Record<string, Field>> = {
  systemid: 'systemId',
  passwordhash: 'secret',
  credits: 'credits',
  addressrange: 'addressRange',
  // the plain-text variant
  password: 'secret',
};

const ofTable: readonly Field[] = ['systemId', 'secret', 'credits', 'addressRange'];

/** Field by position; undefined is a column that is nothing to us. */
export type Columns = readonly (Field | undefined)[];

export const columnsOfTable: Columns = ofTable;

/** By their names in any case, `System_ID` and `system id` included. Undefined: they do not say who, or not with which secret. */
export function columnsOf(names: readonly string[]): Columns | undefined {
  const columns = names.map((name) => fieldsByColumn[name.toLowerCase().replaceAll(/[^a-z]/g, '')]);
  return columns.includes('systemId') && columns.includes('secret') ? columns : undefined;
}

export function userOfValues(values: readonly (string | undefined)[], columns: Columns, line: number): RawUser {
  const value = (field: Field): string | undefined => values[columns.indexOf(field)];
  return { line, systemId: value('systemId'), secret: value('secret'), credits: value('credits'), addressRange: value('addressRange') };
}
