export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Of the straight line through these points with the least squares; NaN for fewer than two. */
export function slopeOf(points: readonly Point[]): number {
  const mean = (key: keyof Point): number => points.reduce((sum, point) => sum + point[key], 0) / points.length;
  const [meanX, meanY] = [mean('x'), mean('y')];
  const over = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  return over / points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
}

/** The lowest point of each `width` of x, so that what a garbage collector has not come to yet is no growth. In the order of x. */
export function floorOf(points: readonly Point[], width: number): Point[] {
  const lowest = new Map<number, Point>();
  for (const point of points) {
    const at = Math.floor(point.x / width);
    if (point.y < (lowest.get(at)?.y ?? Infinity)) lowest.set(at, point);
  }
  return [...lowest].sort(([a], [b]) => a - b).map(([, point]) => point);
}
