import { parseSize, type Settings } from "../../config.ts";
import type { AthenaOptions } from "./runner.ts";

export function athenaOptions(settings: Settings): AthenaOptions {
  const { database, table, workgroup, region, endpoint, output, ...limits } = settings.athena;
  const { s3, scratchFolder } = settings;
  return {
    database,
    table,
    workgroup,
    region: region ?? s3.region,
    endpoint,
    output,
    s3,
    scratch: scratchFolder,
    limits: {
      maxScanBytes: parseSize(limits.max_scan),
      pricePerTb: limits.price_per_tb,
      reuseMinutes: limits.reuse_minutes,
    },
  };
}
