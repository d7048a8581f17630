import type { Sample, SampleImage, SampleRegion } from "./sample.ts";

/** A page of a sample with what is on it. */
export interface SamplePage {
  sample: Sample;
  /** Index of the page in its sample. */
  page: number;
  image: SampleImage;
  regions: readonly SampleRegion[];
  /** Of the sample; its first page has them. */
  questions: Sample["questions"];
}

/** The pages of a sample, for formats that have a record for each. */
export function pagesOf(sample: Sample): SamplePage[] {
  return sample.images.map((image, page) => ({
    sample,
    page,
    image,
    regions: sample.regions.filter((region) => region.image === page),
    questions: page === 0 ? sample.questions : [],
  }));
}

/** What a page is called: the name that it came with, else its digest. */
export function pageName({ sourceName, hash }: Pick<SampleImage, "sourceName" | "hash">): string {
  return sourceName ?? hash;
}
