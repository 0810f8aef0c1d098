/** Rows by the names of the first line (RFC 4180), as the text comes: a piece's rows at a time. */
export async function* readCsv(pieces: AsyncIterable<string>): AsyncGenerator<readonly ReadonlyMap<string, string>[]> {
  let columns: readonly string[] | undefined;
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  /** The last character was a quote inside of quotes: the end of it, or the first of two. */
  let maybeEnd = false;

  for await (const piece of pieces) {
    const rows: ReadonlyMap<string, string>[] = [];
    for (const character of piece) {
      if (maybeEnd) {
        maybeEnd = false;
        if (character === '"') {
          cell += '"';
          continue;
        }
        quoted = false;
      }
      if (quoted) {
        if (character === '"') maybeEnd = true;
        else cell += character;
      } else if (character === '"') quoted = true;
      else if (character === ',' || character === '\n') {
        cells.push(cell);
        cell = '';
        if (character === ',') continue;
        if (columns) rows.push(new Map(columns.map((name, i) => [name, cells[i] ?? ''])));
        else columns = cells;
        cells = [];
      } else if (character !== '\r') cell += character;
    }
    if (rows.length > 0) yield rows;
  }
}
