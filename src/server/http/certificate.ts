import { readFile } from "node:fs/promises";
import type { Settings } from "../../config.ts";
import { AppError } from "../../errors.ts";

/** For TLS: PEM texts. */
export interface Certificate {
  cert: string;
  key: string;
}

/**
 * The certificate chain and key that the settings name; undefined where they name none. Throws `invalid_config` where one
 * is missing or cannot be read.
 */
export async function readCertificate(
  serve: Pick<Settings["serve"], "tls_cert" | "tls_key">,
): Promise<Certificate | undefined> {
  const { tls_cert, tls_key } = serve;
  if (tls_cert === undefined && tls_key === undefined) return undefined;
  if (tls_cert === undefined || tls_key === undefined) {
    const lacking = tls_cert === undefined ? "serve.tls_cert" : "serve.tls_key";
    throw new AppError("invalid_config", `TLS needs a certificate and its key; set ${lacking} too`, {
      details: { key: lacking },
    });
  }
  const [cert, key] = await Promise.all([
    readPem("serve.tls_cert", tls_cert, "CERTIFICATE"),
    readPem("serve.tls_key", tls_key, "PRIVATE KEY"),
  ]);
  return { cert, key };
}

async function readPem(setting: string, path: string, kind: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new AppError("invalid_config", `cannot read ${path}; check ${setting}`, {
      details: { key: setting, path },
      cause,
    });
  });
  if (text.includes(`${kind}-----`)) return text;
  throw new AppError("invalid_config", `${path} contains no ${kind.toLowerCase()} in PEM; check ${setting}`, {
    details: { key: setting, path },
  });
}
