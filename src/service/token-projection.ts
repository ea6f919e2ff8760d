import type { SlotFacts, Token, TokenId } from '../engine/index.ts';
import type { StoredToken } from '../store/index.ts';
import type { Query } from './caller.ts';
import type { Projection } from './runner.ts';

export interface TokenQuery extends Query {
  readonly tokenId: TokenId;
}

/** How a token is shown: a live token of the engine, or a stored one that is over. */
export interface TokenProjection<View> {
  readonly live: Projection<Token, View>;
  readonly over: (token: StoredToken, slot: SlotFacts) => View;
}
