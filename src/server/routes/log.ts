import { Elysia } from "elysia";
import * as v from "valibot";
import { LOG_LEVELS } from "../../log.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { changes, READS } from "../http/route-table.ts";

const LevelSchema = v.object({ level: v.picklist(LOG_LEVELS) });

/** GET and PUT /log-level. */
export function logRoutes({ logLevel, logger }: Pick<ServerDeps, "logLevel" | "logger">) {
  return new Elysia({ name: "log" })
    .get("/log-level", () => ({ level: logLevel.level }), {
      response: { 200: LevelSchema },
      detail: { summary: "Level of the server's log", ...READS },
    })
    .put(
      "/log-level",
      ({ body }) => {
        const before = logLevel.level;
        logLevel.level = body.level;
        logger.warn("log level changed", { from: before, to: body.level });
        return { level: logLevel.level };
      },
      {
        body: checked(v.strictObject(LevelSchema.entries)),
        response: { 200: LevelSchema },
        detail: { summary: "Changes that level until the server ends", ...changes("admin") },
      },
    );
}
