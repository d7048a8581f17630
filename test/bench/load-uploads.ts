/**
 * Curators who upload through a server, all in this process: `load-uploads.ts URL SECONDS PAUSE_MS FOLDER...`, a list of
 * folders for each curator, separated by commas. Prints `{uploads, errors}`.
 */
import { DatalakeClient } from "../../src/client/index.ts";

const [url = "", seconds = "0", pause = "0", ...lists] = process.argv.slice(2);
const endMs = performance.now() + Number(seconds) * 1000;
const errors: string[] = [];
let uploads = 0;

await Promise.all(
  lists.map(async (list, at) => {
    await Bun.sleep((at * Number(pause)) / lists.length);
    const lake = new DatalakeClient({ serverUrl: url });
    for (const input of list.split(",")) {
      if (performance.now() > endMs) break;
      try {
        await lake.uploadRawData({ provider: "bench", dataset: `작은_${at}`, mode: "append", input });
        uploads++;
      } catch (error) {
        errors.push(String(error).slice(0, 500));
      }
      await Bun.sleep(Number(pause));
    }
    lake.close();
  }),
);
process.stdout.write(JSON.stringify({ uploads, errors }));
