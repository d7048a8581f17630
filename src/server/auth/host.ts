import { isIP, isIPv6 } from "node:net";
import { hostname, networkInterfaces } from "node:os";

const ANY_ADDRESS = new Set(["0.0.0.0", "::", "[::]"]);
/** Of DNS: 253 characters, and a dot at the end. */
const MAX_NAME_CHARS = 254;
const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?))(?::(\d{0,5}))?$/i;

/**
 * The name in a Host header (RFC 9110, 7.2), without port and brackets, in lower case, an IPv6 address in its
 * shortest form; undefined for a header that is none: an IPv6 address wants its brackets.
 */
export function parseHost(header: string): string | undefined {
  const [, address, name, port = ""] = HOST.exec(header) ?? [];
  if (Number(port) > 65_535) return undefined;
  if (address !== undefined) return isIPv6(address) ? shortest(address) : undefined;
  if (name === undefined || name.length > MAX_NAME_CHARS) return undefined;
  return name.toLowerCase().replace(/\.$/, "");
}

/**
 * Says whether a name, as returned by `parseHost`, is this server's. With DNS rebinding a page of another site
 * sends its own name.
 */
export function createHostCheck(
  boundHost: string,
  allowedHosts: readonly string[],
): (name: string) => boolean {
  const names = new Set(["localhost", "127.0.0.1", "::1", ...[boundHost, ...allowedHosts].map(ownName)]);
  if (ANY_ADDRESS.has(boundHost)) {
    names.add(hostname().toLowerCase());
    for (const addresses of Object.values(networkInterfaces())) {
      for (const { address } of addresses ?? []) names.add(ownName(address));
    }
  }
  return (name) => names.has(name);
}

/** A name or address as settings and the system write it: IPv6 addresses without brackets too. */
function ownName(text: string): string {
  return isIP(text) === 6 ? shortest(text) : (parseHost(text) ?? text.toLowerCase());
}

function shortest(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
