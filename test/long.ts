/** Whether everything is tried, where tests try a sample: `bun run rigs faults` sets it. */
export const LONG = process.env.DATALAKE_TEST_LONG === "1";
