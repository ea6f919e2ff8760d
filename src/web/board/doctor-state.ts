/** What a doctor's state is told from. */
interface DoctorDay {
  readonly break_until: string | null;
  readonly in_consultation: readonly unknown[];
  readonly slots: readonly {
    readonly status: 'OPEN' | 'CLOSED' | 'ENDED';
    readonly delay_minutes: number;
  }[];
}

/** What patients must know of a doctor besides the numbers. */
export type DoctorState =
  | { readonly kind: 'open' }
  | { readonly kind: 'break'; readonly until: string }
  | { readonly kind: 'late'; readonly minutes: number }
  | { readonly kind: 'closed' }
  | { readonly kind: 'over' }
  | { readonly kind: 'absent' };

/**
 * The state of a doctor. A break is told before a delay, because it says more. `closed` means that every slot that has not
 * ended is closed, `absent` that the day has no slot.
 */
export function doctorStateOf({ break_until, in_consultation, slots }: DoctorDay): DoctorState {
  if (slots.length === 0) return { kind: 'absent' };
  const remaining = slots.filter(({ status }) => status !== 'ENDED');
  const next = remaining.find(({ status }) => status === 'OPEN');
  if (next === undefined) {
    if (in_consultation.length > 0) return { kind: 'open' };
    return { kind: remaining.length > 0 ? 'closed' : 'over' };
  }
  if (break_until !== null) return { kind: 'break', until: break_until };
  return next.delay_minutes > 0 ? { kind: 'late', minutes: next.delay_minutes } : { kind: 'open' };
}
