import type { AthenaClient as AwsAthena } from "@aws-sdk/client-athena";
import { AppError } from "../../errors.ts";

/** Where AWS is: nothing of who asks, which is the chain's to know (environment, profile, single sign-on, role). */
export interface AwsPlace {
  region: string | undefined;
  /** A server that is not AWS. */
  endpoint: string | undefined;
  /** Of each call; 6 without. */
  attempts?: number;
}

/** The SDK's client, with retries of its own for throttling and broken lines. */
export async function openAwsAthena({ region, endpoint, attempts = 6 }: AwsPlace): Promise<AwsAthena> {
  const { AthenaClient } = await import("@aws-sdk/client-athena");
  return new AthenaClient({
    maxAttempts: attempts,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
  });
}

/** An error of the SDK as ours. */
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
