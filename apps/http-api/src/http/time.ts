/** Times are RFC 3339 texts in UTC everywhere in the API. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
