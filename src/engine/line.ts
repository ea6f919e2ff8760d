import { invariant } from './invariant.ts';
import type { PatientClass } from './patient-class.ts';

/** The two values that decide the rank of a token. */
export interface Ranked {
  readonly patientClass: PatientClass;
  /** The token's place in its doctor's order of bookings, 1 or more; never the clock. */
  readonly arrival: number;
}

/** Whether `a` ranks before `b`: priority descending, then arrival ascending. Every list of tokens has this order. */
export function outranks(a: Ranked, b: Ranked): boolean {
  const difference = a.patientClass.priority - b.patientClass.priority;
  return difference === 0 ? a.arrival < b.arrival : difference > 0;
}

/**
 * Children or tokens in one node: few enough to shift in place, enough that 100,000 tokens need only three levels.
 */
const NODE_MAX = 32;

interface Leaf<T> {
  readonly children: null;
  readonly tokens: T[];
}

interface Branch<T> {
  readonly children: Node<T>[];
  /** The best-ranked token below each child, at the same index as in `children`. */
  readonly firsts: T[];
  /** Tokens below this branch. */
  size: number;
}

type Node<T> = Leaf<T> | Branch<T>;

/**
 * Tokens in rank order, as a counted B+ tree: insert, remove, first, last and "how many are ahead"
 * each cost O(log n). A line of up to 32 tokens is one sorted array.
 */
export class Line<T extends Ranked> {
  #root: Node<T> = { children: null, tokens: [] };

  get size(): number {
    return sizeOf(this.#root);
  }

  /** Inserts a token at its rank. The token must not be in the line already. */
  insert(token: T): void {
    const right = insertInto(this.#root, token);
    if (right === null) return;
    const left = this.#root;
    this.#root = {
      children: [left, right],
      firsts: [firstOf(left), firstOf(right)],
      size: sizeOf(left) + sizeOf(right),
    };
  }

  /**
   * Removes a token, which must have the rank that it was inserted with.
   * @throws InvariantError when the token is not in the line
   */
  remove(token: T): void {
    removeFrom(this.#root, token);
    while (this.#root.children?.length === 1) this.#root = at(this.#root.children, 0);
  }

  /** The best-ranked token. */
  first(): T | undefined {
    return this.size === 0 ? undefined : firstOf(this.#root);
  }

  /** The token of lowest rank. */
  last(): T | undefined {
    let node = this.#root;
    while (node.children !== null) node = at(node.children, node.children.length - 1);
    return node.tokens[node.tokens.length - 1];
  }

  /** How many tokens of the line outrank `token`; `token` itself need not be in the line. */
  aheadOf(token: T): number {
    let node = this.#root;
    let ahead = 0;
    while (node.children !== null) {
      const child = childFor(node, token);
      for (let index = 0; index < child; index += 1) ahead += sizeOf(at(node.children, index));
      node = at(node.children, child);
    }
    return ahead + lowerBound(node.tokens, token);
  }

  /** A line of copies of the tokens. A copy has the rank of its token. */
  copy(copyOf: (token: T) => T): Line<T> {
    const line = new Line<T>();
    line.#root = copyOfNode(this.#root, copyOf);
    return line;
  }

  /** Every token, best rank first. */
  *[Symbol.iterator](): Generator<T> {
    yield* tokensOf(this.#root);
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  invariant(item !== undefined, 'a node is read within its bounds');
  return item;
}

const sizeOf = <T>(node: Node<T>): number =>
  node.children === null ? node.tokens.length : node.size;

const firstOf = <T>(node: Node<T>): T => at(node.children === null ? node.tokens : node.firsts, 0);

function copyOfNode<T>(node: Node<T>, copyOf: (token: T) => T): Node<T> {
  if (node.children === null) return { children: null, tokens: node.tokens.map(copyOf) };
  const children = node.children.map((child) => copyOfNode(child, copyOf));
  return { children, firsts: children.map(firstOf), size: node.size };
}

function* tokensOf<T>(node: Node<T>): Generator<T> {
  if (node.children === null) yield* node.tokens;
  else for (const child of node.children) yield* tokensOf(child);
}

/** The index of the first token that does not outrank `token`. */
function lowerBound<T extends Ranked>(tokens: readonly T[], token: T): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (outranks(at(tokens, middle), token)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The index of the child whose range contains `token`: the last child whose first token does not rank behind `token`.
 */
function childFor<T extends Ranked>(branch: Branch<T>, token: T): number {
  const place = lowerBound(branch.firsts, token);
  return branch.firsts[place] === token ? place : Math.max(place - 1, 0);
}

/** Inserts a token below a node. Returns the new right half when the node was full and was split, otherwise null. */
function insertInto<T extends Ranked>(node: Node<T>, token: T): Node<T> | null {
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

function splitBranch<T>(node: Branch<T>, added: Node<T>): Branch<T> | null {
  const cut = cutOf(node.children, added);
  if (cut === 0) return null;
  const children = node.children.splice(cut);
  const size = children.reduce((sum, child) => sum + sizeOf(child), 0);
  node.size -= size;
  return { children, firsts: node.firsts.splice(cut), size };
}

/**
 * The index at which an overfull node is split; 0 when the node is not overfull. A node that grew at its end is split
 * there, because bookings mostly come in rank order and the left half then stays full.
 */
function cutOf<T>(items: readonly T[], added: T): number {
  if (items.length <= NODE_MAX) return 0;
  return items[NODE_MAX] === added ? NODE_MAX : NODE_MAX / 2;
}

function removeFrom<T extends Ranked>(node: Node<T>, token: T): void {
  if (node.children === null) {
    const place = lowerBound(node.tokens, token);
    invariant(node.tokens[place] === token, 'a token that is removed from a line is in the line');
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

// These two replace Array#splice because splice allocates an array of the removed items, and the engine spends most
// of its time in these lines.
function insertAt<T>(items: T[], index: number, item: T): void {
  items.push(item);
  for (let place = items.length - 1; place > index; place -= 1) items[place] = at(items, place - 1);
  items[index] = item;
}

function removeAt(items: unknown[], index: number): void {
  for (let place = index; place < items.length - 1; place += 1) items[place] = items[place + 1];
  items.pop();
}
