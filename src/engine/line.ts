import { invariant } from './invariant.ts';
import { outranks, type Token } from './token.ts';

/** Children or tokens in one node: small enough to shift by hand, large enough that 100,000 tokens are three levels. */
const NODE_MAX = 32;

interface Leaf {
  readonly children: null;
  readonly tokens: Token[];
}

interface Branch {
  readonly children: Node[];
  /** The best-ranked token below each child, side by side with `children`. */
  readonly firsts: Token[];
  /** Tokens below this branch. */
  size: number;
}

type Node = Leaf | Branch;

/**
 * Tokens in rank order, as a counted B+ tree: insert, remove, first, last and "how many are ahead"
 * each cost O(log n). A line of up to 32 tokens is one sorted array.
 */
export class Line {
  #root: Node = { children: null, tokens: [] };

  get size(): number {
    return sizeOf(this.#root);
  }

  /** Puts a token in its place. It must not be in the line already. */
  insert(token: Token): void {
    const right = insertInto(this.#root, token);
    if (right === null) return;
    const left = this.#root;
    this.#root = {
      children: [left, right],
      firsts: [firstOf(left), firstOf(right)],
      size: sizeOf(left) + sizeOf(right),
    };
  }

  /** Takes a token out. It must be in the line, with the rank it was inserted with. */
  remove(token: Token): void {
    removeFrom(this.#root, token);
    while (this.#root.children?.length === 1) this.#root = at(this.#root.children, 0);
  }

  /** The best-ranked token. */
  first(): Token | undefined {
    return this.size === 0 ? undefined : firstOf(this.#root);
  }

  /** The weakest token. */
  last(): Token | undefined {
    let node = this.#root;
    while (node.children !== null) node = at(node.children, node.children.length - 1);
    return node.tokens[node.tokens.length - 1];
  }

  /** How many tokens of the line outrank `token`, which need not be in it. */
  aheadOf(token: Token): number {
    let node = this.#root;
    let ahead = 0;
    while (node.children !== null) {
      const child = childFor(node, token);
      for (let index = 0; index < child; index += 1) ahead += sizeOf(at(node.children, index));
      node = at(node.children, child);
    }
    return ahead + lowerBound(node.tokens, token);
  }

  /** Every token, best first. */
  *[Symbol.iterator](): Generator<Token> {
    yield* tokensOf(this.#root);
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  invariant(item !== undefined, 'a node is read inside its bounds');
  return item;
}

const sizeOf = (node: Node): number => (node.children === null ? node.tokens.length : node.size);

const firstOf = (node: Node): Token => at(node.children === null ? node.tokens : node.firsts, 0);

function* tokensOf(node: Node): Generator<Token> {
  if (node.children === null) yield* node.tokens;
  else for (const child of node.children) yield* tokensOf(child);
}

/** The first place whose token does not outrank `token`. */
function lowerBound(tokens: readonly Token[], token: Token): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (outranks(at(tokens, middle), token)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The child in whose range `token` falls: the last one whose first token does not rank behind it. */
function childFor(branch: Branch, token: Token): number {
  const place = lowerBound(branch.firsts, token);
  return branch.firsts[place] === token ? place : Math.max(place - 1, 0);
}

function insertInto(node: Node, token: Token): Node | null {
  if (node.children === null) {
    insertAt(node.tokens, lowerBound(node.tokens, token), token);
    const cut = cutOf(node.tokens, token);
    return cut === 0 ? null : { children: null, tokens: node.tokens.splice(cut) };
  }
  const index = childFor(node, token);
  const child = at(node.children, index);
  const right = insertInto(child, token);
  node.size += 1;
  node.firsts[index] = firstOf(child);
  if (right === null) return null;
  insertAt(node.children, index + 1, right);
  insertAt(node.firsts, index + 1, firstOf(right));
  return splitBranch(node, right);
}

function splitBranch(node: Branch, added: Node): Branch | null {
  const cut = cutOf(node.children, added);
  if (cut === 0) return null;
  const children = node.children.splice(cut);
  const size = children.reduce((sum, child) => sum + sizeOf(child), 0);
  node.size -= size;
  return { children, firsts: node.firsts.splice(cut), size };
}

/** Where an overfull node is cut, 0 when it is not. Bookings arrive in order: a node that grew at its end stays full. */
function cutOf<T>(items: readonly T[], added: T): number {
  if (items.length <= NODE_MAX) return 0;
  return items[NODE_MAX] === added ? NODE_MAX : NODE_MAX / 2;
}

function removeFrom(node: Node, token: Token): void {
  if (node.children === null) {
    const place = lowerBound(node.tokens, token);
    invariant(node.tokens[place] === token, 'a token that leaves a line is in it');
    removeAt(node.tokens, place);
    return;
  }
  const index = childFor(node, token);
  const child = at(node.children, index);
  removeFrom(child, token);
  node.size -= 1;
  if (sizeOf(child) > 0) {
    node.firsts[index] = firstOf(child);
    return;
  }
  removeAt(node.children, index);
  removeAt(node.firsts, index);
}

// Array#splice makes an array for what it removes; these two are the hottest lines of the engine.
function insertAt<T>(items: T[], index: number, item: T): void {
  items.push(item);
  for (let place = items.length - 1; place > index; place -= 1) items[place] = at(items, place - 1);
  items[index] = item;
}

function removeAt(items: unknown[], index: number): void {
  for (let place = index; place < items.length - 1; place += 1) items[place] = items[place + 1];
  items.pop();
}
