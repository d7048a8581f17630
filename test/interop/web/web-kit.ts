import { afterAll, beforeAll } from "bun:test";
import { rm } from "node:fs/promises";
import type { World } from "../../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../../server/server-kit.ts";
import { openBrowser, type WebBrowser } from "./web-browser.ts";
import { makeWebLake } from "./web-lake.ts";

/** What the tests of a file look at. */
export interface WebKit {
  world(): World;
  readonly server: Pick<ServeProcess, "stop"> & { readonly url: string };
  readonly browser: WebBrowser;
}

/** A lake to look at, its server and a browser, for the tests of the file that calls this. */
export function useWebLake(): WebKit {
  let world: World;
  let server: ServeProcess;
  const browser = openBrowser(() => server.url);
  beforeAll(async () => {
    world = await makeWebLake();
    server = await startServe(world);
  });
  afterAll(async () => {
    await (await browser).close();
    await server?.stop();
    await rm(world.folder, { recursive: true, force: true });
  });
  return {
    world: () => world,
    server: {
      get url() {
        return server.url;
      },
      stop: (signal) => server.stop(signal),
    },
    browser: {
      visit: async (...visit) => (await browser).visit(...visit),
      close: async () => (await browser).close(),
    },
  };
}
