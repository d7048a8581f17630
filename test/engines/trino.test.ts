import { TrinoClient } from "../../src/query/trino/client.ts";
import { describeEngine } from "./conformance.ts";
import { trinoWanted } from "./trino.ts";

describeEngine("TrinoClient", async (lake) => ({ engine: new TrinoClient(await lake.trino()) }), {
  skip: !trinoWanted,
});
