import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { csvLine } from './csv.ts';

/** An answer that is written as it comes: of any length, in the memory of one page. When a page does not come, the connection breaks off: half of it is no answer. */
export interface Streamed {
  readonly type: 'application/json' | 'text/csv';
  /** A name for it, where it is kept as a file. */
  readonly fileName?: string;
  readonly parts: AsyncIterable<string>;
}

/** The query goes before the header, as people cannot set one in a browser. */
export function wantsCsv(request: Pick<Request, 'query' | 'accepts'>): boolean {
  const { format } = request.query;
  return format === undefined ? request.accepts(['application/json', 'text/csv']) === 'text/csv' : format === 'csv';
}

export async function sendStreamed({ type, fileName, parts }: Streamed, request: Request, response: Response): Promise<void> {
  response.type(type).vary('Accept');
  if (fileName !== undefined) response.attachment(fileName).type(type);
  if (request.method === 'HEAD') return void response.end();
  try {
    await pipeline(Readable.from(parts), response);
  } catch (error) {
    // whoever asked has gone
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

export interface Pages<Item> {
  readonly pages: AsyncIterable<readonly Item[]>;
}

export interface JsonPages<Item> extends Pages<Item> {
  /** The fields before the list, at least one. */
  readonly head: object;
  /** The field that is the list. */
  readonly list: string;
  readonly show: (item: Item) => object;
  /** The fields after the list; called when all of it is written. */
  readonly tail?: () => object;
}

/** An object with one long list. */
export function streamJson<Item>({ head, list, pages, show, tail = () => ({}) }: JsonPages<Item>): Streamed {
  async function* parts(): AsyncGenerator<string> {
    let before = `${JSON.stringify(head).slice(0, -1)},${JSON.stringify(list)}:[`;
    for await (const page of pages) {
      if (page.length === 0) continue;
      yield before + page.map((item) => JSON.stringify(show(item))).join(',');
      before = ',';
    }
    const end = JSON.stringify(tail()).slice(1);
    yield `${before === ',' ? '' : before}]${end === '}' ? '' : ','}${end}`;
  }
  return { type: 'application/json', parts: parts() };
}

export interface CsvPages<Item> extends Pages<Item> {
  readonly fileName: string;
  readonly columns: readonly { readonly name: string; readonly of: (item: Item) => string }[];
}

/** A line with the names of the columns, then one for each item. */
export function streamCsv<Item>({ fileName, columns, pages }: CsvPages<Item>): Streamed {
  async function* parts(): AsyncGenerator<string> {
    yield csvLine(columns.map(({ name }) => name));
    for await (const page of pages) {
      if (page.length > 0) yield page.map((item) => csvLine(columns.map(({ of }) => of(item)))).join('');
    }
  }
  return { type: 'text/csv', fileName, parts: parts() };
}
