import { Schema } from "apache-arrow";
import * as v from "valibot";
import { checkValue } from "../../schema/check.ts";
import type { EngineName } from "../../schema/engines.ts";
import type { RowResult, TableResult } from "../../schema/query.ts";
import {
  DESCRIPTION_KEY,
  type ResultDescription,
  ResultDescriptionSchema,
} from "../../schema/result-description.ts";

/** The schema of a result with further facts known before its rows, as JSON in the metadata. */
export function describeSchema(engine: EngineName, result: TableResult | RowResult): Schema {
  const { columns, stats, schema, generation } = result;
  const rows = "matchCount" in result ? pickRows(result) : undefined;
  const description: ResultDescription = {
    engine,
    columns,
    stats,
    ...(generation !== undefined && { generation }),
    ...(rows && { rows }),
  };
  return new Schema(
    schema.fields,
    new Map([...schema.metadata, [DESCRIPTION_KEY, JSON.stringify(description)]]),
  );
}

/** Reads what `describeSchema` added; undefined if missing. */
export function readDescription(schema: Schema): ResultDescription | undefined {
  const text = schema.metadata.get(DESCRIPTION_KEY);
  if (text === undefined) return undefined;
  const parsed = checkValue(v.pipe(v.string(), v.parseJson(), ResultDescriptionSchema), text);
  return parsed.success ? parsed.output : undefined;
}

function pickRows({ features, rowCount, matchCount, partitions, generation }: RowResult) {
  return { features, rowCount, matchCount, partitions, generation };
}
