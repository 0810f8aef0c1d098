import type { z } from 'zod';
import type { FieldError } from './problem.ts';

export type Validated<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Whoever writes a body of faults gets no answer many times its size. */
const errorsMax = 100;
/** A name longer than any of ours is known by its beginning. */
const fieldCharactersMax = 200;

/** `toField` names a field by the path to it; only the first faults are said. */
export function validate<T>(schema: z.ZodType<T>, given: unknown, toField: (path: readonly PropertyKey[]) => string): Validated<T> {
  const result = schema.safeParse(given);
  if (result.success) return { ok: true, value: result.data };
  return {
    ok: false,
    errors: result.error.issues
      .flatMap((issue) => fieldErrors(issue, []))
      .slice(0, errorsMax)
      .map(({ path, message }) => ({ field: shortened(toField(path)), message })),
  };
}

function shortened(field: string): string {
  return field.length > fieldCharactersMax ? `${field.slice(0, fieldCharactersMax).toWellFormed()}…` : field;
}

/** RFC 6901 §3. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export function queryField(path: readonly PropertyKey[]): string {
  return `?${path.map(String).join('.')}`;
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function fieldErrors(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): Fault[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a field' }));
  if (issue.code === 'invalid_union') {
    // the alternative that was meant is the one whose faults lie deeper than its own beginning
    const meant = issue.errors.find((faults) => faults.length > 0 && faults.every((fault) => fault.path.length > 0));
    if (meant) return meant.flatMap((fault) => fieldErrors(fault, path));
  }
  return [{ path, message: issue.message }];
}
