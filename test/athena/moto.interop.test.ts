/** Another implementation of Athena's API than our own loopback: moto's, which takes and tells, and runs no SQL. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { execute } from "../../src/query/athena/execution.ts";
import { readResults } from "../../src/query/athena/results.ts";
import { openAwsAthena } from "../../src/query/aws/athena.ts";
import { useMoto } from "../engines/moto.ts";
import { QUICK } from "./kit.ts";

setDefaultTimeout(120_000);

const LIMITS = { maxScanBytes: 1e12, pricePerTb: 5, reuseMinutes: 0 };

/** Rows that moto gives for the next query that it has not seen. */
async function queueResults(endpoint: string, columns: string[], rows: string[][]): Promise<void> {
  const column_info = columns.map((name) => ({
    CatalogName: "hive",
    SchemaName: "",
    TableName: "",
    Name: name,
    Label: name,
    Type: "varchar",
    Precision: 2147483647,
    Scale: 0,
    Nullable: "UNKNOWN",
    CaseSensitive: true,
  }));
  const results = [
    {
      rows: [columns, ...rows].map((row) => ({ Data: row.map((value) => ({ VarCharValue: value })) })),
      column_info,
    },
  ];
  const answer = await fetch(`${endpoint}/moto-api/static/athena/query-results`, {
    method: "POST",
    body: JSON.stringify({ results, account_id: "123456789012", region: "us-east-1" }),
  });
  expect(answer.ok).toBe(true);
}

test("moto's Athena takes our calls, and we read its answers", async () => {
  const moto = await useMoto();
  process.env.AWS_ACCESS_KEY_ID ??= moto.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY ??= moto.secretAccessKey;
  const bucket = await moto.createBucket();
  const aws = await openAwsAthena({ region: moto.region, endpoint: moto.endpoint });
  const place = { database: "ocr", workgroup: "primary", output: `s3://${bucket}/results` };
  await queueResults(
    moto.endpoint,
    ["글", "수"],
    [
      ["한글", "1"],
      ["it's", "2"],
    ],
  );
  const { id, output } = await execute(aws, 'SELECT "글", "수" FROM "표"', place, LIMITS, {}, QUICK);
  expect(output).toStartWith(`s3://${bucket}/results`);
  const { columns, rows } = await readResults(aws, id, true, undefined);
  expect(columns).toEqual([
    { name: "글", type: "varchar" },
    { name: "수", type: "varchar" },
  ]);
  expect(await Array.fromAsync(rows)).toEqual([
    ["한글", "1"],
    ["it's", "2"],
  ]);
  aws.destroy();
});

test("a workgroup that moto does not know is told as what was asked wrongly", async () => {
  const moto = await useMoto();
  process.env.AWS_ACCESS_KEY_ID ??= moto.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY ??= moto.secretAccessKey;
  const aws = await openAwsAthena({ region: moto.region, endpoint: moto.endpoint });
  const place = { database: "ocr", workgroup: "no-such-group", output: undefined };
  await expect(execute(aws, "SELECT 1", place, LIMITS, {}, QUICK)).rejects.toMatchObject({
    code: "invalid_sql",
  });
  aws.destroy();
});
