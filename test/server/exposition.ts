export interface Exposition {
  help: Map<string, string>;
  types: Map<string, string>;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const HELP = new RegExp(`^# HELP (${NAME}) (.*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(,|$)/y;
const SUFFIXES = ["_bucket", "_sum", "_count"];

/**
 * Reads the Prometheus text format strictly: every line is a comment or a sample; each metric has HELP and TYPE before
 * its samples, which stand together; no series twice; counters end in `_total`. Throws on the first line that is wrong.
 */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const found: Exposition = { help: new Map(), types: new Map(), samples: [] };
  const series = new Set<string>();
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const help = HELP.exec(line);
    const type = TYPE.exec(line);
    if (help?.[1] !== undefined) {
      if (found.help.has(help[1])) throw new Error(`a second HELP: ${line}`);
      found.help.set(help[1], unescaped(help[2] ?? ""));
      current = help[1];
    } else if (type?.[1] !== undefined) {
      if (type[1] !== current || found.types.has(current)) throw new Error(`TYPE without HELP: ${line}`);
      if ((type[2] === "counter") !== current.endsWith("_total")) throw new Error(`a wrong name: ${line}`);
      found.types.set(current, type[2] ?? "");
    } else {
      const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
      if (baseName(name, found.types) !== current || name === "") throw new Error(`a stray line: ${line}`);
      if (!/^([+-]?Inf|NaN|-?\d+(\.\d+)?(e[+-]?\d+)?)$/.test(value)) throw new Error(`no number: ${line}`);
      const parsed = parseLabels(labels);
      const key = `${name} ${JSON.stringify(Object.entries(parsed).sort())}`;
      if (series.has(key)) throw new Error(`the same series twice: ${line}`);
      series.add(key);
      found.samples.push({ name, labels: parsed, value: Number(value.replace("Inf", "Infinity")) });
    }
  }
  return found;
}

/** The value of the series with exactly these labels. */
export function sampleValue(
  { samples }: Exposition,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  return samples.find(
    (sample) => sample.name === name && JSON.stringify(Object.entries(sample.labels).sort()) === wanted,
  )?.value;
}

function baseName(name: string, types: ReadonlyMap<string, string>): string {
  const suffix = SUFFIXES.find((end) => name.endsWith(end));
  const base = suffix === undefined ? name : name.slice(0, -suffix.length);
  return types.get(base) === "histogram" ? base : name;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match?.[1] === undefined) throw new Error(`labels that cannot be read: ${text}`);
    labels[match[1]] = unescaped(match[2] ?? "");
  }
  return labels;
}

function unescaped(text: string): string {
  return text.replace(/\\(["\\n])/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}
