import { join } from "node:path";
import { describeEngine } from "../engines/conformance.ts";
import { trinoWanted } from "../engines/trino.ts";
import { makeTrinoTables } from "../engines/trino-tables.ts";
import { makeAthena } from "./kit.ts";

describeEngine(
  "AthenaClient",
  async (lake) => {
    const bench = await makeAthena(await makeTrinoTables(lake), join(lake.folder, "athena"));
    return { engine: bench.client(), close: () => bench.loopback.close() };
  },
  { skip: !trinoWanted, milliseconds: true },
);
