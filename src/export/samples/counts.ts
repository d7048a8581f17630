import { createPageUses } from "./page-uses.ts";
import type { SamplePage } from "./pages.ts";
import type { Sample, SampleImage } from "./sample.ts";

/** What is in an output and what is not: what the rows hold is what is here and what was dropped. */
export interface SampleCounts {
  samples: number;
  /** One that several rows share counts each time. */
  pages: number;
  /** One that several rows share counts once. */
  distinct_pages: number;
  regions: number;
  questions: number;
  /** Unicode characters of the texts of all regions. */
  characters: number;
  /** Rows whose label was read, and those of them that do not fit their view in all. */
  labels: number;
  unfit_labels: number;
  /** Rows without a label. */
  unlabelled: number;
  /** Nothing of what labels say is in the output, where it should be: pages alone, which no trainer remarks. */
  is_bare: boolean;
  /** Samples of each part. */
  splits: Record<string, number>;
  /** What the format cannot hold, by reason. */
  dropped: Record<string, Dropped>;
  /** What was changed so that readers take it, by kind. */
  changed: Record<string, number>;
  /** Of chat formats: what rows become, by estimate, and which length a trainer has to allow. */
  tokens?: { longest: number; over: number; setting: string; default: number; needed: number };
  /** What a person who trains should know of the output, a sentence each. */
  notes: string[];
}

export interface Dropped {
  samples: number;
  pages: number;
  regions: number;
  questions: number;
  characters: number;
  /** Of which nothing was read. */
  labels: number;
  /** The first of them. */
  example: string;
}

type Amounts = Omit<Dropped, "example">;

export interface Counter {
  counts: SampleCounts;
  /** A sample that was read. */
  take(sample: Sample): void;
  /** A row whose label was read; what of it does not fit is misread. */
  label(isFitting: boolean): void;
  unlabelled(): void;
  /** What a label says and cannot be read: it is in no sample. */
  misread(reason: string, example: string, what: Partial<Amounts>): void;
  /** A page of a sample that the output does not hold; `drop` says why. */
  leave(image: Pick<SampleImage, "hash">): void;
  /** A part of a sample that the output does not hold. */
  drop(reason: string, sample: Pick<Sample, "where" | "split">, what: Partial<Amounts>): void;
  change(kind: string): void;
  note(sentence: string): void;
  /** After the last sample: notes what only all of them tell. */
  finish(): void;
}

const UNITS = ["samples", "pages", "regions", "questions", "characters", "labels"] as const;
const NOTHING = { samples: 0, pages: 0, regions: 0, questions: 0, characters: 0, labels: 0 };

export function createCounter(): Counter {
  const counts: SampleCounts = {
    ...NOTHING,
    distinct_pages: 0,
    unfit_labels: 0,
    unlabelled: 0,
    is_bare: false,
    splits: {},
    dropped: {},
    changed: {},
    notes: [],
  };
  const uses = createPageUses();
  const addDropped = (reason: string, example: string, what: Partial<Amounts>) => {
    const known = counts.dropped[reason] ?? { ...NOTHING, example };
    for (const unit of UNITS) known[unit] += what[unit] ?? 0;
    counts.dropped[reason] = known;
  };
  return {
    counts,
    take: (sample) => {
      const { images, regions, questions, split } = sample;
      uses.add(sample);
      counts.distinct_pages = uses.distinct();
      counts.samples++;
      counts.pages += images.length;
      counts.regions += regions.length;
      counts.questions += questions.length;
      for (const { text } of regions) counts.characters += countCharacters(text);
      counts.splits[split] = (counts.splits[split] ?? 0) + 1;
    },
    label: (isFitting) => {
      counts.labels++;
      if (!isFitting) counts.unfit_labels++;
    },
    unlabelled: () => {
      counts.unlabelled++;
    },
    misread: addDropped,
    leave: ({ hash }) => {
      uses.remove(hash);
      counts.distinct_pages = uses.distinct();
    },
    drop: (reason, { where, split }, what) => {
      addDropped(reason, where, what);
      for (const unit of UNITS) counts[unit] -= what[unit] ?? 0;
      counts.splits[split] = (counts.splits[split] ?? 0) - (what.samples ?? 0);
    },
    change: (kind) => {
      counts.changed[kind] = (counts.changed[kind] ?? 0) + 1;
    },
    note: (sentence) => {
      counts.notes.push(sentence);
    },
    finish: () => {
      const repeated = uses.describe();
      if (repeated !== undefined) counts.notes.push(repeated);
    },
  };
}

/** Counts a sample of which nothing is in the output. */
export function dropWhole(counter: Counter, sample: Sample, reason: string): void {
  const { images, regions, questions } = sample;
  const characters = regions.reduce((sum, { text }) => sum + countCharacters(text), 0);
  const counts = {
    samples: 1,
    pages: images.length,
    regions: regions.length,
    questions: questions.length,
    characters,
  };
  for (const image of images) counter.leave(image);
  counter.drop(reason, sample, counts);
}

/**
 * Counts a page that is not in the output, with its regions. Formats that leave pages out hold no questions: `countLosses`
 * has counted those.
 */
export function dropPage(counter: Counter, { sample, image, regions }: SamplePage, reason: string): void {
  counter.leave(image);
  const characters = regions.reduce((sum, { text }) => sum + countCharacters(text), 0);
  counter.drop(reason, sample, { pages: 1, regions: regions.length, characters });
}

/** Number of code points. Two halves of a pair count once. */
export function countCharacters(text: string | null): number {
  if (text === null) return 0;
  let count = text.length;
  for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) count--;
  return count;
}
