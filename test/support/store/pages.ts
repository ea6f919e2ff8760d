import type { SlotId } from '../../../src/engine/index.ts';
import type { Archive, Pages, StoredLiveToken } from '../../../src/store/index.ts';
import { found } from '../engine/clinic.ts';

/** All items of all pages. */
export async function allOf<Item>(pages: Pages<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of pages) items.push(...page);
  return items;
}

/** The live tokens of a slot that is stored. */
export const liveTokensOf = async (archive: Archive, id: SlotId): Promise<StoredLiveToken[]> =>
  allOf(archive.liveTokens(found(await archive.slot(id))));
