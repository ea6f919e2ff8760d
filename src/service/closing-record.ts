import type { Change, SlotSet, TokenId } from '../engine/index.ts';

/**
 * The tokens that the latest closing of a slot moved away or cancelled, in the order in which it did so.
 * @param changes everything that happened in the slot, oldest first
 */
export function affectedByClosing(changes: readonly Change[]): TokenId[] {
  const closing = latestClosing(changes);
  if (closing === undefined) return [];
  return changes.flatMap((change) => {
    const left = change.kind === 'cancelled' || change.kind === 'moved_out';
    // All changes of a command have one instant.
    const isByClosing = change.version > closing.version && change.at === closing.at;
    return left && isByClosing ? [change.tokenId] : [];
  });
}

function latestClosing(changes: readonly Change[]): SlotSet | undefined {
  let closing: SlotSet | undefined;
  let isOpen = false;
  for (const change of changes) {
    if (change.kind !== 'slot_set') continue;
    const wasOpen = isOpen;
    isOpen = change.slot.closedReason === null;
    if (wasOpen && !isOpen) closing = change;
  }
  return closing;
}
