import type { LabelExample, ViewDetection } from "../../../client/lake-client.ts";
import type { Reading } from "../../../schema/labels/detect/sample.ts";
import { FAULTS, type FaultKind } from "../../../schema/labels/faults.ts";
import { findShape } from "../../../schema/labels/shapes.ts";
import { formatQuantity } from "../../../util/format.ts";

const UNIT_WORDS = {
  px: "in pixels",
  1: "in parts of the page (0 to 1)",
  100: "in percent of the page",
  1000: "in thousandths of the page",
} as const;

/** A reading in words: `xywh in pixels`. */
export function describeReading({ full, form, unit }: Reading, others: readonly Reading[]): string {
  const parts = [form ?? "boxes", unit === null ? "" : UNIT_WORDS[unit]];
  if (full.size !== undefined) parts.push(`of an image of ${full.size.join(" x ")}`);
  if (full.exif === "ignored") parts.push("of the image before its EXIF rotation");
  if (others.some((other) => other.full.items !== full.items)) parts.push(`at ${full.items}`);
  return parts.filter((part) => part !== "").join(" ");
}

/** What a reading makes of the example: `10,20 to 40,60`. */
export function describeExample({ example }: Reading): string | undefined {
  if (example === null) return undefined;
  const [x1, y1, x2, y2] = [example.x1, example.y1, example.x2, example.y2].map(
    (side) => Math.round(side * 10) / 10,
  );
  return `${x1},${y1} to ${x2},${y2}`;
}

/** That several readings fit, for a script: which, and how to choose. */
export function describeOpen({ readings, example, labelled, sheets }: ViewDetection): string {
  const ways = readings.map((reading, at) => {
    const place = describeExample(reading);
    const agree = `${reading.agree} of ${formatQuantity(labelled, "row")} agree`;
    return `(${at + 1}) ${describeReading(reading, readings)}, ${agree}${place === undefined ? "" : `, ${place}`}${sheets[at] === undefined ? "" : `, drawn in ${sheets[at]}`}`;
  });
  const box =
    example === null ? "" : `; the box ${JSON.stringify(example.box)} is that of ${describePlace(example)}`;
  const what =
    sheets.length > 0 ? "the sheets" : `${describePage(example)}, or draw them with --sample-images 6,`;
  const forms = new Set(readings.map(({ form }) => form));
  const how = forms.size === readings.length ? `--form ${[...forms].join(" or --form ")}` : "--reading N";
  return `the labels can be read in ${readings.length} ways: ${ways.join("; ")}${box}; look at ${what} and run it again with ${how}`;
}

export function describePlace({ partition, source_row, source_name }: LabelExample): string {
  const row = source_row === null ? "" : `, source_row ${source_row}`;
  return `${partition}${row}${source_name === null ? "" : ` (${source_name})`}`;
}

/** Where its page can be looked at. */
export function describePage(example: LabelExample | null): string {
  return example?.path == null ? "the page" : `assets/${example.path}`;
}

/** The view as YAML, for a file, with what was found as comments. */
export function describeFound(
  { partitions, also, labelled, sheets }: ViewDetection,
  reading: Reading,
): string {
  const shape = reading.shape === null ? undefined : findShape(reading.shape);
  const what = shape === undefined ? describeReading(reading, []) : `${shape.name} (${shape.of})`;
  const more = partitions.length > 3 ? ` and ${partitions.length - 3} more` : "";
  const lines = [
    `# ${what}: ${reading.agree} of ${formatQuantity(labelled, "row")} agree`,
    ...Object.entries(reading.faults).map(
      ([kind, rows]) => `# ${kind} in ${formatQuantity(rows, "row")}: ${FAULTS[kind as FaultKind]}`,
    ),
    `# ${partitions.slice(0, 3).join(", ")}${more}`,
    ...(also.length === 0 ? [] : [`# the same labels have ${also.join(", ")} too`]),
    ...sheets.map((sheet) => `# drawn in ${sheet}`),
    Bun.YAML.stringify({ view: reading.view }, null, 2).trimEnd(),
  ];
  return lines.join("\n");
}
