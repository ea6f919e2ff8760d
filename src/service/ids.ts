import { randomFillSync } from 'node:crypto';
import { tokenId, type EpochMs, type TokenId } from '../engine/index.ts';

const ID_BYTES = 16;
/** Bytes of randomness that are drawn at a time: enough for 256 ids. */
const POOL_BYTES = ID_BYTES * 256;
/** The index of the first of the two digits of each byte in the text of an id. */
const DIGIT_OFFSETS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const DIGITS = Buffer.from('0123456789abcdef');

/**
 * Returns a function that creates UUIDs of version 7 (RFC 9562). They sort by their time of creation, which keeps the
 * indexes of the tables compact.
 * This is own code because every booking needs an id. Each id is read from a buffer, because that gives a flat string:
 * a concatenated string stays a tree in memory and takes three times the space.
 */
export function createTokenIds(): (at: EpochMs) => TokenId {
  const pool = Buffer.alloc(POOL_BYTES);
  const text = Buffer.alloc(36, '-');
  let next = POOL_BYTES;
  return (at) => {
    if (next === POOL_BYTES) {
      randomFillSync(pool);
      next = 0;
    }
    pool.writeUIntBE(at, next, 6);
    pool[next + 6] = 0x70 | (pool.readUInt8(next + 6) & 0x0f);
    pool[next + 8] = 0x80 | (pool.readUInt8(next + 8) & 0x3f);
    for (const offset of DIGIT_OFFSETS) {
      const byte = pool.readUInt8(next++);
      text[offset] = DIGITS.readUInt8(byte >> 4);
      text[offset + 1] = DIGITS.readUInt8(byte & 0x0f);
    }
    return tokenId(text.toString('latin1'));
  };
}
