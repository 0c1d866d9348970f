// One-time codes as an app writes them (RFC 6238: SHA-1, six digits, half a minute).
import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The code of a secret in base32, spaces or not, at a time in milliseconds. */
export function codeOf(secret, atMs = Date.now()) {
  const bits = [...secret.replaceAll(" ", "")].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 30_000)));
  const hash = createHmac("sha1", key).update(counter).digest();
  const number = hash.readUInt32BE(hash.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** The code of the half minute after this one: the server takes it, and it was not spent before. */
export const nextCodeOf = (secret) => codeOf(secret, Date.now() + 30_000);

/** A code that is right at no time near this one. */
export function wrongCodeOf(secret) {
  const near = [-2, -1, 0, 1, 2, 3].map((n) => codeOf(secret, Date.now() + n * 30_000));
  return ["111111", "222222", "333333", "444444", "555555", "666666", "777777"].find((code) => !near.includes(code));
}
