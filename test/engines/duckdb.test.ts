import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import { describeEngine } from "./conformance.ts";

describeEngine("DuckDBClient", async (lake) => ({ engine: new DuckDBClient(lake.duckdb) }));
