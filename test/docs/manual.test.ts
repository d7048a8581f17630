import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { COMMANDS } from "../../src/cli/commands/table.ts";
import { settingPaths } from "../../src/config.ts";
import { LANGUAGES, listTopics, readPage } from "../../src/docs/pages.ts";
import { ERROR_CODES } from "../../src/errors.ts";
import { EXPORT_FORMATS } from "../../src/export/formats.ts";
import { FAULTS } from "../../src/schema/labels/faults.ts";
import { SHAPES } from "../../src/schema/labels/shapes.ts";
import { ViewSchema } from "../../src/schema/labels/view.ts";
import { appWithoutLake } from "../server/app-kit.ts";

const root = resolve(import.meta.dir, "../..");
const read = (path: string) => readFile(join(root, path), "utf8");
const inDocs = (await readdir(join(root, "src/docs"), { recursive: true })).filter((name) =>
  name.endsWith(".md"),
);
const files = ["README.md", "src/README.md", ...inDocs.map((name) => `src/docs/${name}`)].sort();

describe("the manual", () => {
  test("names every error code with its exit code", async () => {
    const rows = (await read("src/docs/errors.md")).split("\n").filter((line) => line.startsWith("| `"));
    for (const [code, { exit }] of Object.entries(ERROR_CODES)) {
      const row = rows.find((line) => line.split("|")[1]?.includes(`\`${code}\``));
      expect(row?.split("|")[2]?.trim(), code).toBe(String(exit));
    }
  });

  test("names every setting", async () => {
    const page = await read("src/docs/settings.md");
    for (const path of settingPaths()) expect(page, path).toContain(`\`${path}\``);
  });

  test("has the table of output formats", async () => {
    const rows = EXPORT_FORMATS.map(({ name, layout, hint, ...format }) => {
      const ending = "ending" in format ? format.ending : "";
      const output = layout === "file" ? `a file ending in \`${ending}\`, or a folder` : "a folder";
      return `| \`${name}\` | ${output} | ${hint} |\n`;
    });
    const head = "| `--format` | output | for |\n|---|---|---|\n";
    expect(await read("src/docs/engineer.md")).toContain(`${head}${rows.join("")}\n`);
  });

  test("has the table of label shapes, and names every field of a view", async () => {
    const page = await read("src/docs/labels.md");
    const rows = SHAPES.map(({ name, of }) => `| \`${name}\` | ${of} |\n`);
    expect(page).toContain(`| shape | labels of |\n|---|---|\n${rows.join("")}\n`);
    for (const field of Object.keys(ViewSchema.entries)) expect(page, field).toContain(`| \`${field}\` |`);
  });

  test("has the table of what a check of labels finds", async () => {
    const rows = Object.entries(FAULTS).map(([kind, meaning]) => `| \`${kind}\` | ${meaning} |\n`);
    expect(await read("src/docs/labels.md")).toContain(`|---|---|\n${rows.join("")}\n`);
  });

  test("names every route, and none that does not exist", async () => {
    const page = await read("src/docs/http.md");
    const named = [...page.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/[^`]*)`/g)].map(
      ([, route]) => route as string,
    );
    const routes = (await appWithoutLake()).app.routes
      .filter(({ method }) => method !== "HEAD")
      .map(({ method, path }) => `${method} ${withoutNames(path)}`);
    expect([...new Set(named.map(withoutNames))].sort()).toEqual([...new Set(routes)].sort());
  });

  test("has every file as a page, in the languages that there are", () => {
    const pages = listTopics().flatMap(({ topic, languages }) =>
      languages.map((language) =>
        topic === "overview"
          ? { en: "README.md", ko: "src/docs/ko/README.md" }[language]
          : `src/docs/${language === "en" ? "" : `${language}/`}${topic}.md`,
      ),
    );
    expect(pages.sort()).toEqual(files.filter((file) => file !== "src/README.md"));
  });

  test("has no page with the name of a command", () => {
    expect(listTopics().filter(({ topic }) => topic in COMMANDS)).toEqual([]);
  });

  test("shows every page, and config.yaml with the settings", async () => {
    for (const { topic, languages } of listTopics()) {
      for (const language of LANGUAGES) {
        const page = readPage(topic, language);
        expect(page.language).toBe(languages.includes(language) ? language : "en");
        expect(page.text).toStartWith("# ");
      }
    }
    for (const language of LANGUAGES)
      expect(readPage("settings", language).text).toContain(await read("config.yaml"));
  });
});

describe("the first page", () => {
  test("has at most 150 lines", async () => {
    expect((await read("README.md")).split("\n").length - 1).toBeLessThanOrEqual(150);
  });

  test("tells the story in ten commands", async () => {
    const story = /^```sh\n(.*?)^```$/ms.exec(await read("README.md"))?.[1] ?? "";
    expect(story.match(/^datalake /gm)).toHaveLength(10);
  });
});

describe("a translated page", () => {
  for (const { topic, languages } of listTopics().filter((page) => page.languages.includes("ko"))) {
    test(`${topic} has the headings, tables and code of the English one`, () => {
      expect(languages).toEqual(["en", "ko"]);
      const [english, korean] = languages.map((language) => readPage(topic, language).text) as [
        string,
        string,
      ];
      expect(codeOf(korean)).toEqual(codeOf(english));
      expect(headingsOf(korean).map(({ level }) => level)).toEqual(
        headingsOf(english).map(({ level }) => level),
      );
      expect(partsOf(korean)).toEqual(partsOf(english));
    });
  }
});

describe("every page", () => {
  for (const file of files) {
    test(`${file} links to files and headings that exist`, async () => {
      for (const [, target] of withoutCode(await read(file)).matchAll(/\]\(([^)]+)\)/g)) {
        if (/^https?:/.test(target as string)) continue;
        const [path = "", anchor] = (target as string).split("#");
        const linked = path === "" ? join(root, file) : join(root, dirname(file), path);
        expect(existsSync(linked), `${target} in ${file}`).toBe(true);
        if (anchor === undefined) continue;
        const anchors = headingsOf(await readFile(linked, "utf8")).map(({ text }) => anchorOf(text));
        expect(anchors, `${target} in ${file}`).toContain(anchor);
      }
    });
  }

  test("is free of what a merge leaves", async () => {
    for (const file of files) {
      const lines = (await read(file)).split("\n");
      expect(lines.filter((line) => /^(<{7}|={7}|>{7})( |$)/.test(line))).toEqual([]);
    }
  });
});

/** `/jobs/:id` and `/jobs/{id}` alike. */
function withoutNames(route: string): string {
  return route.replace(/\{\w+\}|:\w+|\*/g, "{}");
}

function headingsOf(markdown: string): { level: number; text: string }[] {
  return [...withoutCode(markdown).matchAll(/^(#+) (.*)$/gm)].map(([, marks, text]) => ({
    level: (marks as string).length,
    text: text as string,
  }));
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```.*?^```$/gms, "").replace(/`[^`\n]*`/g, "");
}

function codeOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```.*?^```$/gms)].map(([block]) => block);
}

/** What each section holds, but for its words: rows of tables and items of lists. */
function partsOf(markdown: string): { rows: number; items: number }[] {
  return withoutCode(markdown)
    .split(/^#+ /m)
    .map((section) => ({
      rows: section.match(/^\|/gm)?.length ?? 0,
      items: section.match(/^- /gm)?.length ?? 0,
    }));
}

/** As GitHub names a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
