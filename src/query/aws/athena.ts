import type { AthenaClient as AwsAthena } from "@aws-sdk/client-athena";
import { AppError } from "../../errors.ts";

/** Location of AWS. Credentials come from the SDK's chain (environment, profile, single sign-on, role). */
export interface AwsPlace {
  region: string | undefined;
  /** For servers other than AWS. */
  endpoint: string | undefined;
  /** Attempts per call; default 6. */
  attempts?: number;
}

/** The SDK's client, which retries throttled and broken calls itself. */
export async function openAwsAthena({ region, endpoint, attempts = 6 }: AwsPlace): Promise<AwsAthena> {
  const { AthenaClient } = await import("@aws-sdk/client-athena");
  return new AthenaClient({
    maxAttempts: attempts,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
  });
}

/** Converts an SDK error. */
export function fromAws(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const { name = "", message = String(error) } = error as { name?: string; message?: string };
  const options = { details: { engine: "athena", error: name }, cause: error };
  if (name === "AbortError") return new AppError("cancelled", "cancelled", options);
  if (/CredentialsProviderError|TokenProviderError/.test(name)) {
    return new AppError(
      "unauthorized",
      `no AWS credentials are found for ${what}; set a profile or role (AWS_PROFILE, aws sso login)`,
      options,
    );
  }
  if (/Expired|InvalidClientTokenId|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch/.test(name)) {
    return new AppError(
      "unauthorized",
      `AWS rejects the credentials for ${what} (${message}); log in again`,
      options,
    );
  }
  if (/AccessDenied/.test(name)) {
    return new AppError("forbidden", `AWS does not allow ${what} (${message}); ask for the right`, options);
  }
  if (/region is missing/i.test(message)) {
    return new AppError("invalid_config", "no AWS region is given; set athena.region or AWS_REGION", options);
  }
  if (name === "InvalidRequestException")
    return new AppError("invalid_sql", `Athena says: ${message}`, options);
  if (/Throttling|TooManyRequests/.test(name)) {
    return new AppError("engine_failed", `Athena is too busy for ${what}; try again in a minute`, options);
  }
  const code = (error as { code?: string }).code ?? "";
  if (/^E[A-Z]+$/.test(code) || /ConnectionRefused|TimeoutError|FailedToOpenSocket/.test(`${code}${name}`)) {
    return new AppError(
      "server_unreachable",
      `AWS cannot be reached for ${what}; check the network and athena.endpoint`,
      options,
    );
  }
  return new AppError("engine_failed", `${what} failed: ${message}; try again`, options);
}
