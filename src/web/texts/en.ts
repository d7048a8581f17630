import { browse } from "./en-browse.ts";
import { page } from "./en-page.ts";
import { work } from "./en-work.ts";
import { many } from "./many.ts";

/** What the page says in English. */
export const en = {
  title: (screen: string, lake: string) => `${screen} · ${lake}`,
  skip: "Skip to content",
  navigation: "Screens",
  datasets: "Datasets",
  browse: "Browse",
  compare: "Compare",
  statistics: "Statistics",
  work: "Work",
  operations: "Operations",
  language: "Language",
  theme: "Theme",
  themes: { auto: "As the system", light: "Light", dark: "Dark" },
  manual: "Manual",
  logOut: "Log out",
  loading: "Loading…",
  retry: "Try again",
  close: "Close",
  cancel: "Cancel",
  copy: "Copy",
  copied: "Copied",
  failed: "That did not work",
  unreachable: "The server does not answer. Is it running, and are you connected to its network?",
  /** By the code of an error, before the server's sentence: that is in English. */
  failures: {} as Record<string, string>,
  notFound: "There is no such view",
  notFoundHint: "The link may be of a newer version of the page.",
  toDatasets: "To the datasets",
  rows: (count: string) => `${many(count, "row")}`,
  login: {
    heading: "Log in",
    ended: "Your session has ended. Log in again to go on here.",
    lead: (lake: string) => `The lake ${lake} asks for a token.`,
    token: "Token",
    hint: "An administrator creates one with: datalake token create",
    submit: "Log in",
    wrong: "The server does not know this token. It may have expired.",
  },
  list: {
    heading: "Datasets",
    filter: "Filter by name",
    dataset: "Dataset",
    provider: "Provider",
    license: "Licence, as its uploads name it",
    pages: "Pages",
    rows: "Rows",
    size: "Size of tables",
    last: "Last upload",
    sortBy: (column: string) => `Sort by ${column}`,
    total: (datasets: string, partitions: string, rows: string, size: string) =>
      `${many(datasets, "dataset")}, ${many(partitions, "partition")}, ${many(rows, "row")}, ${size}`,
    none: "The lake has no data yet",
    noneHint: "Upload a file on the screen Work, or with: datalake upload",
    noMatch: (filter: string) => `No dataset has “${filter}” in its name`,
    searchTexts: (text: string) => `Find “${text}” in labels and file names`,
    by: (name: string) => `by ${name}`,
    unknown: "unknown",
    browse: "Browse",
    statistics: "Statistics",
    compare: "Compare",
    actions: "Go to",
  },
  ...browse,
  ...page,
  ...work,
};

/** Every text of the page: one that a language lacks does not compile. */
export type Texts = typeof en;
