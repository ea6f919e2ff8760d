/** Splits a list into the items that match and the others, each in their order. */
export function partition<T>(
  items: readonly T[],
  isMatch: (item: T) => boolean,
): readonly [matching: T[], others: T[]] {
  const { matching = [], others = [] } = Object.groupBy(items, (item) =>
    isMatch(item) ? 'matching' : 'others',
  );
  return [matching, others];
}
