import { connectServer } from "../../../client/remote/server.ts";
import { AppError } from "../../../errors.ts";
import type { CheckResult } from "../../../schema/doctor.ts";
import { formatQuantity } from "../../../util/format.ts";

export interface RemoteDoctorOptions {
  url: string;
  token: string | undefined;
  /** Of this program. */
  version: string;
}

/** Checks through a server: that it answers, accepts the token, has this version, and its uploads. */
export async function examineServer({ url, token, version }: RemoteDoctorOptions): Promise<CheckResult[]> {
  const server = connectServer(url, token);
  try {
    const info = await server.info();
    const { uploads } = await server.status();
    const checks: CheckResult[] = [
      { name: "server", status: "ok", message: `${url} answers` },
      { name: "token", status: "ok", message: token === undefined ? "none is required" : "is taken" },
    ];
    if (info.version === version) {
      checks.push({ name: "version", status: "ok", message: `${version} here and there` });
    } else {
      const message = `the server is ${info.version}, this program ${version}`;
      checks.push({ name: "version", status: "warning", message, advice: "use the same file on both sides" });
    }
    if (info.mount !== undefined) {
      const { type, says } = info.mount;
      const follows =
        says.length === 0 ? ", which supports everything that a lake needs" : `: ${says.join("; ")}`;
      const message = `${type ?? "a file system of unknown type"}${follows}`;
      checks.push({ name: "mount", status: "ok", message, details: info.mount });
    }
    const waiting = formatQuantity(uploads.pending + uploads.processing, "upload");
    if (uploads.failed === 0) {
      checks.push({ name: "uploads", status: "ok", message: `${waiting} on the way, none failed` });
    } else {
      const message = `${formatQuantity(uploads.failed, "upload")} failed`;
      const advice = "`datalake process list --all` shows why";
      checks.push({ name: "uploads", status: "warning", message, advice });
    }
    return checks;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ name: "server", status: "problem", message: error.message, details: { code: error.code } }];
  }
}
