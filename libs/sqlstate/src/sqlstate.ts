/**
 * An error that lies in the data (SQLSTATE class 22, data exception; 23, constraint; 54, a text too long for an index): trying again cannot help.
 * Any other may be the server's or the way to it. PostgreSQL, appendix A.
 */
export function isDataError(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && /^(2[23]|54)/.test(state);
}

/**
 * What PostgreSQL said, five characters; undefined: it said nothing. Prisma wraps it: as `originalCode` of its driver's error, or as `code` of what it
 * did not wrap; its own codes (P2002) are none.
 */
export function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { originalCode, code, meta, cause, driverAdapterError } = error as Record<string, unknown>;
  if (typeof originalCode === 'string') return originalCode;
  const inner = sqlStateOf(driverAdapterError) ?? sqlStateOf(meta) ?? sqlStateOf(cause);
  return inner ?? (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^P\d{4}$/.test(code) ? code : undefined);
}
