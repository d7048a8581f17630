import { formatPartition, type PartitionKey } from "../../schema/partition.ts";
import { formatQuantity } from "../../util/format.ts";
import { createMarks, markDigest } from "./marks.ts";
import type { Sample } from "./sample.ts";

/** What a page was met in, as bits: a second row with labels of the same partition, and of another one. */
const [WITHIN, ACROSS] = [1, 2];
const FLAGS = ["dataset", "task", "variant"] as const;

/** Which pages the rows of an output share: 9 bytes a page and room to grow, besides those of its mark. */
export function createPageUses() {
  const pages = createMarks();
  let uses = new Uint32Array(1 << 12);
  /** Number of the partition, from 1, whose row had labels of the page last. */
  let labelled = new Uint32Array(1 << 12);
  let met = new Uint8Array(1 << 12);
  const numbers = new Map<string, number>();
  const shared = new Map<number, PartitionKey>();
  const keys: PartitionKey[] = [];
  let [distinct, repeated, within, across] = [0, 0, 0, 0];
  const idOf = (hash: string) => {
    const id = pages.idOf(markDigest(hash));
    if (id === uses.length) {
      uses = grown(uses, new Uint32Array(id * 2));
      labelled = grown(labelled, new Uint32Array(id * 2));
      met = grown(met, new Uint8Array(id * 2));
    }
    return id;
  };
  let last: { key: PartitionKey; number: number } | undefined;
  const numberOf = (key: PartitionKey) => {
    if (key !== last?.key) last = { key, number: numberOfName(key) }; // rows of a partition come together
    return last.number;
  };
  const numberOfName = (key: PartitionKey) => {
    const name = formatPartition(key);
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, keys.push(key));
    return keys.length;
  };
  const label = (id: number, number: number) => {
    const before = labelled[id] as number;
    labelled[id] = number;
    if (before === 0) return;
    const flags = met[id] as number;
    if (flags === 0) repeated++;
    const bit = before === number ? WITHIN : ACROSS;
    for (const one of [before, number]) shared.set(one, keys[one - 1] as PartitionKey);
    if ((flags & bit) !== 0) return;
    met[id] = flags | bit;
    if (bit === WITHIN) within++;
    else across++;
  };
  return {
    /** The pages of a sample, and which of them its row has labels of. */
    add: ({ images, regions, partition }: Sample) => {
      const number = numberOf(partition);
      // Nearly all rows have one page.
      const withRegions = images.length === 1 ? undefined : new Set(regions.map(({ image }) => image));
      for (const [at, { hash }] of images.entries()) {
        const id = idOf(hash);
        if (uses[id] === 0) distinct++;
        uses[id] = (uses[id] as number) + 1;
        if (withRegions?.has(at) ?? regions.length > 0) label(id, number);
      }
    },
    /** A page of a sample that is not in the output. */
    remove: (hash: string) => {
      const id = idOf(hash);
      uses[id] = (uses[id] as number) - 1;
      if (uses[id] === 0) distinct--;
    },
    distinct: () => distinct,
    /** What to say of pages that several rows have labels of. */
    describe: (): string | undefined => {
      if (repeated === 0) return undefined;
      const of = [...shared.values()];
      const [first] = of as [PartitionKey];
      const one = formatPartition(first);
      const where = of.length === 1 ? one : formatQuantity(of.length, "partition");
      const said = `${formatQuantity(repeated, "page")} with labels in several rows (of ${where}), all of which are read`;
      const differing = FLAGS.filter((name) => new Set(of.map((key) => key[name])).size > 1);
      const chosen = (differing.length > 0 ? differing : FLAGS).map((name) => `--${name}`).join(" or ");
      const advice = [
        ...(across > 0 ? [`choose one with ${chosen}`] : []),
        ...(within > 0 ? ["to have one row a page, upload the labels with --mode replace"] : []),
      ];
      return `${said}; ${advice.join("; ")}`;
    },
  };
}

function grown<A extends Uint32Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
