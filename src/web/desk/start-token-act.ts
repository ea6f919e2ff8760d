import { Observable } from '../lib/observable.ts';
import type { DayProps, Token } from './day.ts';
import { asksFirst, runTokenAct } from './token-acts.ts';
import { show, type TokenActName } from './view.ts';

/** A refused act that was sent without a form. */
export interface RefusedAct {
  readonly tokenId: string;
  readonly act: TokenActName;
  readonly error: unknown;
}

/** The last refused act; null when none was refused since. The panel of the token shows it. */
export const refusedAct = new Observable<RefusedAct | null>(null);

/** Does an act on a token: at once, or after the panel has asked for what it needs. */
export function startTokenAct(act: TokenActName, token: Token, { doctor, tokens }: DayProps): void {
  refusedAct.set(null);
  const asks = asksFirst(act, doctor.rooms);
  show({ panel: { kind: 'token', id: token.id, act: asks ? act : null } });
  if (asks) return;
  runTokenAct(act, token, { before: tokens }).catch((error: unknown) =>
    refusedAct.set({ tokenId: token.id, act, error }),
  );
}
