import { CsvError, parse } from 'csv-parse/sync';
import { columnsOf, columnsOfTable, userOfValues } from './columns.ts';
import type { RawUsers } from './users.ts';

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

interface Row {
  readonly values: readonly string[];
  readonly line: number;
}

/** A CSV of the table, with a line of names or without (then in the table's order), separated by comma, semicolon or tab. */
export function readCsv(text: string): RawUsers {
  const parsed = parseCsv(text);
  if (!Array.isArray(parsed)) return { users: [], problems: [parsed] };
  const [first] = parsed;
  if (!first) return { users: [], problems: [{ line: 1, message: 'the file is empty' }] };
  const named = columnsOf(first.values);
  const columns = named ?? columnsOfTable;
  const rows = named ? parsed.slice(1) : parsed;
  const isComplete = ({ values }: Row): boolean =>
    named ? values.length === columns.length : values.length >= 2 && values.length <= columns.length;
  const problems = rows
    .filter((row) => !isComplete(row))
    .map(({ line, values }) => ({ line, message: `the line has ${values.length} fields instead of ${columns.length}` }));
  const users = rows.filter(isComplete).map(({ values, line }) => userOfValues(values.map(nullable), columns, line));
  return { users, problems };
}

function parseCsv(text: string): Row[] | { line: number; message: string } {
  try {
    const parsed = parse(text, {
      delimiter: delimiterOf(text),
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      info: true,
    }) as unknown as Parsed[];
    // `lines` is where a record ends: one with line ends inside quotes begins earlier
    return parsed.map(({ record, info }) => ({ values: record, line: info.lines - linesInside(record) }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { line: Number((error as { lines?: number }).lines ?? 1), message: error.message };
  }
}

/** The one that the first line has most of. */
function delimiterOf(text: string): string {
  const [line = ''] = text.split('\n', 1);
  const count = (delimiter: string): number => line.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

function linesInside(record: readonly string[]): number {
  return record.reduce((sum, value) => sum + value.split('\n').length - 1, 0);
}

/** SQL Server's export writes NULL as that word. */
function nullable(value: string): string | undefined {
  return value === '' || value === 'NULL' ? undefined : value;
}
