import { readFile } from "node:fs/promises";

/** State of a socket that waits for connections (tcp_states.h). */
const LISTEN = "0A";

/**
 * The accounts whose programs listen on a TCP port of this machine, as the kernel tells (proc_net(5)); none where it
 * does not, as on macOS, or in another network namespace.
 */
export async function listenersOn(port: number): Promise<number[]> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  return tables.flatMap((table) => parseListeners(table, port));
}

/** Of lines `sl local rem st tx:rx tr:when retrnsmt uid timeout inode`; addresses and ports are hexadecimal. */
export function parseListeners(table: string, port: number): number[] {
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local = "", , state]) =>
        state === LISTEN && Number.parseInt(local.split(":")[1] ?? "", 16) === port,
    )
    .map((fields) => Number(fields[7]));
}
