import { DataType, type Field, Message, type Schema, TimeUnit } from "apache-arrow";
import { AppError } from "../../errors.ts";
import { durationFeature } from "../../schema/class-labels.ts";
import type { Features } from "../../schema/columns.ts";
import { fitsMetadata, nameKnownTypes } from "./vectors.ts";

const UNITS = {
  [TimeUnit.SECOND]: "seconds",
  [TimeUnit.MILLISECOND]: "milliseconds",
  [TimeUnit.MICROSECOND]: "microseconds",
  [TimeUnit.NANOSECOND]: "nanoseconds",
};

const SHORT = {
  [TimeUnit.SECOND]: "s",
  [TimeUnit.MILLISECOND]: "ms",
  [TimeUnit.MICROSECOND]: "us",
  [TimeUnit.NANOSECOND]: "ns",
} as const;

/** Features that keep the units of durations, in lists too; objects become JSON, which has no place for them. */
export function durationFeatures(fields: readonly Field[]): Features {
  return Object.fromEntries(
    fields.flatMap(({ name, type }) => {
      const feature = featureOf(type);
      return feature === undefined ? [] : [[name, feature]];
    }),
  );
}

function featureOf(type: DataType): unknown {
  if (DataType.isDuration(type)) return durationFeature(SHORT[type.unit]);
  if (DataType.isDictionary(type)) return featureOf(type.dictionary);
  const [child] = (type.children ?? []) as Field[];
  if (child === undefined || DataType.isStruct(type) || DataType.isMap(type)) return undefined;
  const feature = featureOf(child.type);
  return feature === undefined ? undefined : { feature, _type: "Sequence" };
}

/** Says what the whole numbers of durations mean: neither Parquet nor the engine has a type for them. */
export function durationNotices(fields: readonly Field[]): string[] {
  return fields.flatMap(({ name, type }) => {
    const unit = unitOf(type);
    return unit === undefined ? [] : [`the durations of ${name} are kept as whole numbers of ${unit}`];
  });
}

/**
 * Throws `type_mismatch` where files count in different units, or in none: their numbers would mean different things in
 * one column.
 */
export function checkDurations(files: readonly { path: string; fields: readonly Field[] }[]): void {
  const known = new Map<string, { meaning: string; path: string }>();
  for (const { path, fields } of files) {
    for (const { name, type } of fields) {
      const meaning = meaningOf(type);
      const other = known.get(name);
      if (meaning === undefined || other?.meaning === meaning) continue;
      if (other === undefined) {
        known.set(name, { meaning, path });
        continue;
      }
      throw new AppError(
        "type_mismatch",
        `the column ${JSON.stringify(name)} holds ${other.meaning} in ${other.path} but ${meaning} in ${path}; write them in one unit`,
        { details: { column: name, files: [other.path, path] } },
      );
    }
  }
}

function meaningOf(type: DataType): string | undefined {
  const unit = unitOf(type);
  if (unit !== undefined) return `durations in ${unit}`;
  return DataType.isInt(type) ? "plain numbers" : undefined;
}

function unitOf(type: DataType): string | undefined {
  if (DataType.isDuration(type)) return UNITS[type.unit];
  if (DataType.isDictionary(type)) return unitOf(type.dictionary);
  for (const child of (type.children ?? []) as Field[]) {
    const unit = unitOf(child.type);
    if (unit !== undefined) return unit;
  }
  return undefined;
}

/** Fields of the Arrow schema that a writer of Parquet left in the footer, in base64; none where it is not readable. */
export function writtenFields(encoded: string): readonly Field[] {
  const bytes = Buffer.from(encoded, "base64");
  const isMarked = bytes.length >= 8 && bytes.readUInt32LE(0) === 0xffffffff;
  const metadata = bytes.subarray(isMarked ? 8 : 4);
  try {
    if (!fitsMetadata(metadata)) return [];
    const message = Message.decode(metadata);
    if (!message.isSchema()) return [];
    nameKnownTypes(metadata); // the header is decoded when it is asked for
    return fitsMetadata(metadata) ? (message.header() as Schema).fields : []; // its lists may be where types were
  } catch {
    return []; // damaged
  }
}
