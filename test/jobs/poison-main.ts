/** The working child of the product with workers that crash on some inputs. */
import { ownStreams, runChild } from "../../src/jobs/child.ts";

process.exit(await runChild(new URL("./poison-worker.ts", import.meta.url), ownStreams()));
