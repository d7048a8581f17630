import { describe, expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import manifest from "../package.json" with { type: "json" };

/** Every file and folder of src stands in one layer; imports, of types too, go to lower layers or stay in a folder. */
const LAYERS = [
  ["errors.ts", "log.ts", "native.ts", "self-command.ts", "util"],
  ["docs"],
  ["schema"],
  ["web"],
  ["lake", "config.ts"],
  ["assets", "documents", "images", "query"],
  ["ingest", "catalog", "export"],
  ["sync"],
  ["jobs"],
  ["operations", "doctor"],
  ["client"],
  ["server", "cli"],
  ["program.ts", "worker.ts"],
  ["main.ts"],
];

/** Imports between siblings of one layer, each with its reason. */
const BETWEEN_SIBLINGS = new Set([
  // A library that cannot be loaded is told as an AppError.
  "native.ts -> errors.ts",
  // What is stored was decoded, and perhaps encoded anew, before.
  "assets -> images",
  // Pages become images.
  "documents -> images",
  // An examination of the lake is a long operation too.
  "operations -> doctor",
  // `datalake serve` starts the server.
  "cli -> server",
  // The worker's URL.
  "program.ts -> worker.ts",
]);

/** Files that are named upwards, by their URL, because they are started as programs. */
const STARTED = new Set([
  // Child processes are this program again.
  "self-command.ts -> main.ts",
]);

/** What is bundled for the browser, from packages that the build alone needs. */
const OF_BROWSER = "web/";

/** What every command may use: the lake through its client, and words for what it says. */
const OF_COMMANDS = [
  "errors.ts",
  "log.ts",
  "native.ts",
  "config.ts",
  "util/",
  "schema/",
  "client/",
  "docs/",
  "cli/",
];
/** What reads no lake: it looks at what a person gave, plans, or forms rows for printing. */
const PLANNERS = [
  "operations/operation.ts", // types of the table that the program has
  "ingest/execute.ts", // the type of its progress
  "ingest/input.ts",
  "ingest/inspect.ts",
  "ingest/page-options.ts",
  "ingest/lake-checks.ts", // requireTask and taskFields, of a taxonomy at hand
  "ingest/parse-meta.ts",
  "ingest/path-list.ts",
  "ingest/upload-plan.ts", // types
  "ingest/session.ts",
  "ingest/text/options.ts",
  "ingest/upload-destination.ts",
  "export/export.ts", // the type of its request
  "export/formats.ts",
  "export/image-mode.ts",
  "export/samples/describe-counts.ts", // lines to print, of counts at hand
  "query/engine.ts",
  "query/json-paths.ts",
  "query/output/",
  "query/row-plan.ts",
  "query/sql-limits.ts",
];
/** Commands that are of the machine they run on, with what they need there. */
const OF_MACHINE: Record<string, string[]> = {
  // They open the folder itself: for the commands below, and to tell the client where it is.
  "cli/arguments/command.ts": ["lake/lake.ts"],
  "cli/run.ts": ["lake/lake.ts", "lake/view.ts", "lake/audit.ts", "lake/account.ts"],
  // Makes the lake that a client can then open.
  "cli/commands/init.ts": ["lake/"],
  // Is the server.
  "cli/commands/serve.ts": ["server/"],
  // Tokens are kept where the server's account alone can write.
  "cli/commands/token.ts": ["lake/"],
  // Looks below what a client shows.
  "cli/commands/doctor/doctor.ts": ["doctor/"],
  // Sends the folder's files to another place.
  "cli/commands/sync.ts": ["sync/", "lake/lease.ts"],
};

/** What may be used only where it is kept. */
const KEPT_IN: { what: string; pattern: RegExp; places: string[] }[] = [
  { what: "process.exit", pattern: /\bprocess\.exit\(/, places: ["program.ts", "worker.ts"] },
  { what: "process.env", pattern: /\bprocess\.env\b/, places: ["config.ts", "native.ts"] },
  {
    // Who makes an upload, or removes it, names its files; what others staged is opened by lake/staged-file.ts alone.
    what: "the path of a staged file",
    pattern: /\bstagedAt\b/,
    places: [
      "lake/layout.ts",
      "lake/staged-file.ts",
      "lake/upload-lease.ts",
      "lake/staged-folder.ts",
      "lake/own-copy.ts",
      "schema/work.ts",
      // Assets, which are opened in the same way.
      "server/http/asset-file.ts",
      "jobs/content-step.ts",
      // A page that was just taken out of its document, and an image that was just converted.
      "jobs/page-step.ts",
      "jobs/convert-step.ts",
      "assets/own-files.ts",
      "ingest/local-destination.ts",
      "ingest/receive.ts",
      "ingest/stage-contents.ts",
    ],
  },
  {
    // Over a name that somebody has open, some file systems lose the file: lake/replace.ts knows how to do it there.
    what: "renaming",
    pattern: /\brename(?:Sync)?\b(?=[^;]*from "node:fs|\()/,
    places: [
      "lake/replace.ts",
      // To names that nothing has.
      "lake/link.ts",
      "lake/log-file.ts",
      "lake/mount-probe.ts",
      "lake/replaced.ts",
      "lake/folders.ts",
      "native.ts",
    ],
  },
  {
    // The runtime leaves a folder of which others remove entries meanwhile, and says that it is gone.
    what: "removing folders",
    pattern: /\brm\([^;]*recursive/,
    places: ["lake/files.ts"],
  },
  {
    what: "the name of a staged file",
    pattern: /["'](?:upload|error|lease|receiving)\.json["']/,
    places: ["lake/layout.ts"],
  },
  // A check of the library's own goes on after the first thing that is wrong.
  { what: "checking values", pattern: /\bv\.(parse|safeParse)r?\(/, places: ["schema/check.ts"] },
  { what: "sharp", pattern: /["']sharp["']/, places: ["images/", "native.ts"] },
];

const root = resolve(import.meta.dir, "..");
const src = join(root, "src");

interface Source {
  /** Relative to src. */
  path: string;
  code: string;
  lines: number;
  imports: string[];
}

const sources = await readSources();

describe("layers", () => {
  test("every file of src belongs to a layer", () => {
    const known = new Set(LAYERS.flat());
    expect(sources.map((source) => unitOf(source.path)).filter((unit) => !known.has(unit))).toEqual([]);
  });

  test("imports go down only", () => {
    const wrong = sources.flatMap((source) =>
      localImports(source)
        .filter((target) => !isAllowed(unitOf(source.path), unitOf(target)))
        .map((target) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("no files import each other in a circle", () => {
    const isStarted = (source: Source, target: string) => STARTED.has(`${source.path} -> ${target}`);
    const targets = new Map(
      sources.map((source) => [
        source.path,
        localImports(source).filter((target) => !isStarted(source, target)),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, way: readonly string[]) => {
      if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(" -> "));
      if (way.includes(path) || done.has(path)) return;
      for (const target of targets.get(path) ?? []) walk(target, [...way, path]);
      done.add(path);
    };
    for (const path of targets.keys()) walk(path, []);
    expect(circles).toEqual([]);
  });

  test("no import is allowed between siblings that nobody uses", () => {
    const used = sources.flatMap((source) =>
      localImports(source).map((target) => `${unitOf(source.path)} -> ${unitOf(target)}`),
    );
    expect([...BETWEEN_SIBLINGS].filter((pair) => !used.includes(pair))).toEqual([]);
  });
});

describe("commands", () => {
  const commands = sources.filter(({ path }) => path.startsWith("cli/"));
  const used = commands.flatMap((source) =>
    localImports(source).map((target) => ({ path: source.path, target })),
  );
  const isOf = (places: readonly string[]) => (target: string) =>
    places.some((place) => target.startsWith(place));

  test("reach a lake through its client alone, but for those that are of the machine", () => {
    const wrong = used.filter(
      ({ path, target }) => !isOf([...OF_COMMANDS, ...PLANNERS, ...(OF_MACHINE[path] ?? []), "../"])(target),
    );
    expect(wrong.map(({ path, target }) => `${path} imports ${target}`)).toEqual([]);
  });

  test("no exception is listed that nobody uses", () => {
    const unused = [
      ...PLANNERS.filter((place) => !used.some(({ target }) => target.startsWith(place))),
      ...Object.entries(OF_MACHINE).flatMap(([path, places]) =>
        places.filter((place) => !used.some((one) => one.path === path && one.target.startsWith(place))),
      ),
    ];
    expect(unused).toEqual([]);
  });
});

describe("files", () => {
  for (const { what, pattern, places } of KEPT_IN) {
    test(`${what} stays in ${places.join(", ")}`, () => {
      const strangers = sources.filter(
        ({ path, code }) => pattern.test(code) && !places.some((place) => path.startsWith(place)),
      );
      expect(strangers.map(({ path }) => path)).toEqual([]);
    });
  }

  test("routes check what they are sent with our own check, not the framework's", () => {
    const routes = sources.filter(({ path }) => /^server\/routes\//.test(path));
    expect(routes.length).toBeGreaterThan(10);
    const schemas = routes.flatMap(({ path, code }) =>
      [...code.matchAll(/^ +(?:body|params|query|headers): (?!request\.)(\w+)/gm)].map(
        ([, check]) => `${path}: ${check}`,
      ),
    );
    expect(schemas.length).toBeGreaterThan(20);
    const others = schemas.filter((schema) => !schema.endsWith(": checked"));
    // For /openapi.json alone: `readParameters` checks those of a URL.
    expect(others).toEqual([
      "server/routes/input-parts.ts: BeginSchema",
      "server/routes/input-parts.ts: PartSchema",
      "server/routes/inputs.ts: ParametersSchema",
      "server/routes/page.ts: DifferencesParametersSchema",
      "server/routes/page.ts: ThumbParametersSchema",
      "server/routes/rows.ts: BrowseParametersSchema",
      "server/routes/rows.ts: StatisticsParametersSchema",
    ]);
  });

  test("relative imports name the .ts file, and it exists", () => {
    const paths = new Set(sources.map(({ path }) => path));
    const wrong = sources.flatMap((source) =>
      localImports(source)
        .filter(
          (target) => !paths.has(target) && target !== "../package.json" && !isPage(source.path, target),
        )
        .map((target) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("no file only hands on the exports of others, but client/index.ts", () => {
    const barrels = sources.filter(({ code }) => withoutReExports(code).trim() === "");
    expect(barrels.map(({ path }) => path).filter((path) => path !== "client/index.ts")).toEqual([]);
  });

  test("no default exports", () => {
    expect(sources.filter(({ code }) => /^export default/m.test(code)).map(({ path }) => path)).toEqual([]);
  });

  test("files are small: none over 300 lines, nine in ten below 250, half at most 100", () => {
    const sizes = sources.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sources.filter(({ lines }) => lines > 300).map(({ path }) => path)).toEqual([]);
    expect(sizes[Math.floor(sizes.length * 0.9)]).toBeLessThan(250);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(100);
  });
});

test("libraries with native parts are loaded when they are needed, by then the settings say where they are unpacked", () => {
  const early = /^import (?!type\b)[^;]*from "(?:@duckdb\/node-api|sharp)";/m;
  expect(sources.filter(({ code }) => early.test(code)).map(({ path }) => path)).toEqual([]);
});

test("every package that src imports is a dependency, of the build alone what is bundled for the browser", () => {
  const packagesOf = (files: Source[]) =>
    new Set(files.flatMap(({ imports }) => imports.filter(isPackage).map(packageName)));
  const isOfBrowser = ({ path }: Source) => path.startsWith(OF_BROWSER);
  const own = packagesOf(sources.filter((source) => !isOfBrowser(source)));
  expect([...own].filter((name) => !(name in manifest.dependencies)).sort()).toEqual([]);
  const bundled = packagesOf(sources.filter(isOfBrowser));
  expect([...bundled].filter((name) => !(name in manifest.devDependencies)).sort()).toEqual([]);
});

test("the page takes types of the schema, and no code but its own", () => {
  const wrong = sources
    .filter(({ path }) => path.startsWith(OF_BROWSER))
    .flatMap(({ path, code }) =>
      [...code.matchAll(/^import (type )?[^;"]*?from "([^"]+)"/gm)]
        .filter(
          ([, isType, target = ""]) =>
            isType === undefined && /^(\.\.\/)+(schema|util)\/|^(node|bun)(:|$)/.test(target),
        )
        .map(([, , target]) => `${path} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

test("the page makes no markup of text, and no style or script of its own", () => {
  const marks =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerously|\beval\(|new Function\(|style="/;
  const strangers = sources.filter(({ path, code }) => path.startsWith(OF_BROWSER) && marks.test(code));
  expect(strangers.map(({ path }) => path)).toEqual([]);
});

function isAllowed(from: string, to: string): boolean {
  if (from === to || to === "../package.json" || STARTED.has(`${from} -> ${to}`)) return true;
  const [above, below] = [layerOf(from), layerOf(to)];
  return below < above || (below === above && BETWEEN_SIBLINGS.has(`${from} -> ${to}`));
}

function layerOf(unit: string): number {
  return LAYERS.findIndex((units) => units.includes(unit));
}

/** The folder, or the file directly in src, that a path belongs to. */
function unitOf(path: string): string {
  return path.startsWith("..") ? path : (path.split("/")[0] as string);
}

function localImports({ path, imports }: Source): string[] {
  return imports
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(src, resolve(src, dirname(path), specifier)));
}

/** The manual is bundled as text. */
function isPage(from: string, target: string): boolean {
  return from === "docs/pages.ts" && (target.endsWith(".md") || target === "../config.yaml");
}

function isPackage(specifier: string): boolean {
  return !specifier.startsWith(".") && !/^(node|bun)(:|$)/.test(specifier);
}

function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

async function readSources(): Promise<Source[]> {
  const names = await readdir(src, { recursive: true });
  const paths = names.filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts")).sort();
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(src, path), "utf8");
      const code = withoutComments(text);
      return { path, code, lines: text.split("\n").length - 1, imports: importsOf(code) };
    }),
  );
}

/** Static, re-exporting, dynamic and `import("x").Type` imports alike. */
function importsOf(code: string): string[] {
  const pattern =
    /^(?:import|export)\s[^;"]*?\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"|\bnew URL\(\s*"(\.[^"]+)"/gm;
  return [...code.matchAll(pattern)].map((match) => (match[1] ?? match[2] ?? match[3] ?? match[4]) as string);
}

function withoutReExports(code: string): string {
  return code.replace(/^export [^;"]*?from\s*"[^"]+";/gm, "");
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
