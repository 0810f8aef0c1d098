/** The one writer of CSV (RFC 4180): what comes out of it may be opened in a spreadsheet. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r\n`;
}

function cell(text: string): string {
  const harmless = isFormula(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/**
 * A spreadsheet takes what begins with one of these for a formula and would run what a stranger wrote (OWASP, "CSV Injection"). A number is none, with
 * whatever sign: the plus of an E.164 number and the minus of a charge are data.
 */
function isFormula(text: string): boolean {
  return /^[=+\-@\t\r\n]/.test(text) && !/^[+-][0-9]+(\.[0-9]+)?$/.test(text);
}
