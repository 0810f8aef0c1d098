import type { Frame } from './profile.ts';

const widthPx = 1_400;
const rowPx = 17;
/** Narrower is not drawn: it could not be read, and there are thousands. */
const widthPxMin = 0.5;
/** Of the letters, about; they are cut off at the frame's end. */
const letterPx = 6.6;

/** A flame graph that needs nothing beside it: callers below, callees above, as wide as their time; the exact figures are shown where the mouse is. */
export function flameGraph(root: Frame, title: string): string {
  const depth = depthOf(root);
  const height = (depth + 1) * rowPx + 30;
  const boxes: string[] = [];
  const draw = (frame: Frame, x: number, level: number): void => {
    const width = (frame.totalUs / root.totalUs) * widthPx;
    if (width < widthPxMin) return;
    boxes.push(box({ frame, root, x, y: height - (level + 1) * rowPx, width }));
    let childX = x;
    for (const child of [...frame.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      draw(child, childX, level + 1);
      childX += (child.totalUs / root.totalUs) * widthPx;
    }
  };
  if (root.totalUs > 0) draw(root, 0, 0);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${height}" viewBox="0 0 ${widthPx} ${height}" font-family="monospace" font-size="11">`,
    '<rect width="100%" height="100%" fill="#fffdf5"/>',
    `<text x="8" y="18" font-size="14">${escaped(title)}</text>`,
    ...boxes,
    '</svg>\n',
  ].join('\n');
}

function box({ frame, root, x, y, width }: { frame: Frame; root: Frame; x: number; y: number; width: number }): string {
  const letters = Math.floor((width - 4) / letterPx);
  const text = letters < 3 ? '' : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escaped(frame.name.slice(0, letters))}</text>`;
  const share = `${((frame.totalUs / root.totalUs) * 100).toFixed(1)} %, itself ${((frame.selfUs / root.totalUs) * 100).toFixed(1)} %`;
  return `<g><title>${escaped(frame.name)}: ${share}</title><rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${rowPx - 1}" fill="${colour(frame.name)}"/>${text}</g>`;
}

/** The same for the same project or package: where in a stack its code begins is seen. */
function colour(name: string): string {
  const place = / (?:((?:apps|libs|tools)\/[^/]+)|(@?[^/:]+))/.exec(name)?.[0] ?? '';
  let hash = 0;
  for (const letter of place) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return place === '' ? '#d8d8d8' : `hsl(${hash} 65% 72%)`;
}

function depthOf({ children }: Frame): number {
  return 1 + Math.max(0, ...[...children.values()].map(depthOf));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
