/** What went into an output and what did not: rows, pages, regions and characters in are those out and those dropped. */
export interface SampleCounts {
  samples: number;
  /** Of all samples; one that several rows share counts each time. */
  pages: number;
  regions: number;
  questions: number;
  /** Unicode characters of the texts of all regions. */
  characters: number;
  /** Samples of each part. */
  splits: Record<string, number>;
  /** What the format cannot hold, by reason. */
  dropped: Record<string, Dropped>;
  /** What was changed so that readers take it, by kind. */
  changed: Record<string, number>;
}

export interface Dropped {
  regions: number;
  samples: number;
  questions: number;
  characters: number;
  /** The first of them. */
  example: string;
}

export interface Counter {
  counts: SampleCounts;
  /** A part of a sample that the output does not hold. */
  drop(reason: string, example: string, what: Partial<Omit<Dropped, "example">>): void;
  change(kind: string): void;
}

export function createCounter(): Counter {
  const counts: SampleCounts = {
    ...{ samples: 0, pages: 0, regions: 0, questions: 0, characters: 0 },
    splits: {},
    dropped: {},
    changed: {},
  };
  return {
    counts,
    drop: (reason, example, { regions = 0, samples = 0, questions = 0, characters = 0 }) => {
      const known = counts.dropped[reason] ?? {
        regions: 0,
        samples: 0,
        questions: 0,
        characters: 0,
        example,
      };
      known.regions += regions;
      known.samples += samples;
      known.questions += questions;
      known.characters += characters;
      counts.dropped[reason] = known;
    },
    change: (kind) => {
      counts.changed[kind] = (counts.changed[kind] ?? 0) + 1;
    },
  };
}

/** Unicode characters of a text. */
export function countCharacters(text: string | null): number {
  return text === null ? 0 : Array.from(text).length;
}
