/** SHA-256 piece by piece: `crypto.subtle` takes only what is whole, and is for https and localhost alone. FIPS 180-4. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** In hex, of all so far; more may follow. */
  digest(): string;
}

const BLOCK = 64;
const PRIMES = firstPrimes(64);
/** The first 32 bits of the fractions of the primes' cube roots and square roots. */
const ROUNDS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

export function createSha256(): Sha256 {
  const state = START.slice();
  const rest = new Uint8Array(BLOCK);
  let restLength = 0;
  let total = 0;
  return {
    update: (bytes) => {
      total += bytes.length;
      let at = 0;
      if (restLength > 0) {
        at = Math.min(BLOCK - restLength, bytes.length);
        rest.set(bytes.subarray(0, at), restLength);
        restLength += at;
        if (restLength < BLOCK) return;
        compress(state, rest, 0, BLOCK);
      }
      const end = at + Math.floor((bytes.length - at) / BLOCK) * BLOCK;
      compress(state, bytes, at, end);
      rest.set(bytes.subarray(end));
      restLength = bytes.length - end;
    },
    digest: () => {
      const last = new Uint8Array(restLength < 56 ? BLOCK : 2 * BLOCK);
      last.set(rest.subarray(0, restLength));
      last[restLength] = 0x80;
      new DataView(last.buffer).setBigUint64(last.length - 8, BigInt(total) * 8n);
      const ended = state.slice();
      compress(ended, last, 0, last.length);
      return Array.from(ended, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
    },
  };
}

const words = new Int32Array(BLOCK);

/** Whole blocks from `start` to `end`, exclusive. */
function compress(state: Int32Array, bytes: Uint8Array, start: number, end: number): void {
  const w = words;
  const k = ROUNDS;
  for (let at = start; at < end; at += BLOCK) {
    for (let i = 0, p = at; i < 16; i++, p += 4) {
      w[i] =
        ((bytes[p] as number) << 24) |
        ((bytes[p + 1] as number) << 16) |
        ((bytes[p + 2] as number) << 8) |
        (bytes[p + 3] as number);
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15] as number;
      const y = w[i - 2] as number;
      const small = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const large = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = ((w[i - 16] as number) + small + (w[i - 7] as number) + large) | 0;
    }
    // One by one: a list of them would be made anew for each block.
    let a = state[0] as number;
    let b = state[1] as number;
    let c = state[2] as number;
    let d = state[3] as number;
    let e = state[4] as number;
    let f = state[5] as number;
    let g = state[6] as number;
    let h = state[7] as number;
    for (let i = 0; i < 64; i++) {
      const high = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + high + ((e & f) ^ (~e & g)) + (k[i] as number) + (w[i] as number)) | 0;
      const low = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (low + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    add(state, 0, a);
    add(state, 1, b);
    add(state, 2, c);
    add(state, 3, d);
    add(state, 4, e);
    add(state, 5, f);
    add(state, 6, g);
    add(state, 7, h);
  }
}

function add(state: Int32Array, at: number, value: number): void {
  state[at] = (state[at] as number) + value;
}

function fraction(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let one = 2; primes.length < count; one++)
    if (primes.every((prime) => one % prime !== 0)) primes.push(one);
  return primes;
}
