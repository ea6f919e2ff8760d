/** Those items of which this is true, and the others, each in their order. */
export function partition<T>(
  items: readonly T[],
  isWanted: (item: T) => boolean,
): readonly [wanted: T[], others: T[]] {
  const { wanted = [], others = [] } = Object.groupBy(items, (item) =>
    isWanted(item) ? 'wanted' : 'others',
  );
  return [wanted, others];
}
