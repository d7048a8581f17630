/** The manual: every page as text, inside the executable. Load it only where a page is shown. */
import config from "../../config.yaml" with { type: "text" };
import readme from "../../README.md" with { type: "text" };
import { AppError } from "../errors.ts";
import { nearestWord } from "../util/nearest.ts";
import administrator from "./administrator.md" with { type: "text" };
import curator from "./curator.md" with { type: "text" };
import disk from "./disk.md" with { type: "text" };
import engineer from "./engineer.md" with { type: "text" };
import errors from "./errors.md" with { type: "text" };
import http from "./http.md" with { type: "text" };
import administratorKo from "./ko/administrator.md" with { type: "text" };
import curatorKo from "./ko/curator.md" with { type: "text" };
import diskKo from "./ko/disk.md" with { type: "text" };
import engineerKo from "./ko/engineer.md" with { type: "text" };
import errorsKo from "./ko/errors.md" with { type: "text" };
import httpKo from "./ko/http.md" with { type: "text" };
import labelsKo from "./ko/labels.md" with { type: "text" };
import pageKo from "./ko/page.md" with { type: "text" };
import pythonKo from "./ko/python.md" with { type: "text" };
import readmeKo from "./ko/README.md" with { type: "text" };
import settingsKo from "./ko/settings.md" with { type: "text" };
import trainingKo from "./ko/training.md" with { type: "text" };
import troubleshootingKo from "./ko/troubleshooting.md" with { type: "text" };
import labels from "./labels.md" with { type: "text" };
import licences from "./licences.md" with { type: "text" };
import page from "./page.md" with { type: "text" };
import python from "./python.md" with { type: "text" };
import settings from "./settings.md" with { type: "text" };
import training from "./training.md" with { type: "text" };
import troubleshooting from "./troubleshooting.md" with { type: "text" };

/** `en` has every page, the others some. */
export const LANGUAGES = ["en", "ko"] as const;
export type Language = (typeof LANGUAGES)[number];

interface Page {
  /** One line for lists. */
  summary: string;
  en: string;
  ko?: string;
}

/** In the order in which the pages are read, and in which a test runs their commands. */
const PAGES: ReadonlyMap<string, Page> = new Map([
  [
    "overview",
    { summary: "What it is, first steps, how data flows", en: asOverview(readme), ko: asOverview(readmeKo) },
  ],
  [
    "administrator",
    {
      summary: "Install, systemd, NAS mounts, permissions, tokens, TLS, monitoring",
      en: administrator,
      ko: administratorKo,
    },
  ],
  [
    "curator",
    { summary: "Input formats, images, columns, names, failed uploads", en: curator, ko: curatorKo },
  ],
  ["page", { summary: "The page in the browser: its screens and keys", en: page, ko: pageKo }],
  ["labels", { summary: "Views: what a label JSON means, and how to check it", en: labels, ko: labelsKo }],
  [
    "engineer",
    { summary: "Search, SQL, download, TypeScript, Athena and Trino", en: engineer, ko: engineerKo },
  ],
  [
    "training",
    {
      summary: "Training formats: what is in them, parts, prompts, coordinates",
      en: training,
      ko: trainingKo,
    },
  ],
  ["python", { summary: "Reading, uploading and downloading from Python", en: python, ko: pythonKo }],
  ["http", { summary: "The API: routes, row formats, guarantees", en: http, ko: httpKo }],
  [
    "settings",
    {
      summary: "Every setting, and where settings come from",
      en: withConfig(settings),
      ko: withConfig(settingsKo),
    },
  ],
  ["errors", { summary: "Exit codes and error codes", en: errors, ko: errorsKo }],
  ["disk", { summary: "The files of a lake, and how to read them directly", en: disk, ko: diskKo }],
  ["licences", { summary: "Libraries inside, their licences, another libheif", en: licences }],
  ["troubleshooting", { summary: "Messages and what to do", en: troubleshooting, ko: troubleshootingKo }],
]);

/** A page in a list. */
export interface Topic {
  topic: string;
  summary: string;
  languages: Language[];
}

/** Every page, in reading order. */
export function listTopics(): Topic[] {
  return [...PAGES].map(([topic, page]) => ({
    topic,
    summary: page.summary,
    languages: LANGUAGES.filter((language) => page[language] !== undefined),
  }));
}

/**
 * A page as Markdown, in English where it is not translated. Throws `not_found` for a topic that does not exist, with
 * the nearest and all others.
 */
export function readPage(topic: string, wanted: Language): { language: Language; text: string } {
  const page = PAGES.get(topic);
  if (page === undefined) throw unknownTopic(topic);
  const language = page[wanted] === undefined ? "en" : wanted;
  return { language, text: page[language] ?? page.en };
}

/** The settings end with the file that has all of them. */
function withConfig(text: string): string {
  return `${text}\n## config.yaml\n\n\`\`\`yaml\n${config}\`\`\`\n`;
}

/** Links of the first page lead to where the other pages are served. */
function asOverview(text: string): string {
  return text
    .replaceAll("(src/docs/ko/README.md)", "(ko/overview.md)")
    .replaceAll("(../../../README.md)", "(../overview.md)")
    .replaceAll("(src/docs/", "(");
}

function unknownTopic(topic: string): AppError {
  const topics = [...PAGES.keys()];
  const near = nearestWord(topic, topics);
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  return new AppError(
    "not_found",
    `the manual has no page ${JSON.stringify(topic)}; ${hint}its pages are ${topics.join(", ")}`,
    { details: { topics } },
  );
}
