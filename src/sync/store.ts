import { link, readFile, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { S3Client } from "bun";
import { AppError, systemCode } from "../errors.ts";
import { syncFile, syncFolder } from "../lake/durable.ts";
import { ensureFolder, isMissing } from "../lake/files.ts";
import { removeFolder } from "../lake/folders.ts";
import { givePermissions } from "../lake/group.ts";
import type { Modes } from "../lake/modes.ts";
import { dropPrepared, replaceFile, tempBeside } from "../lake/replace.ts";
import { deleteObjects, listObjects } from "../query/aws/s3.ts";

export interface AssetStore {
  /** Size of an object in bytes; undefined if it does not exist. */
  size(key: string): Promise<number | undefined>;
  /** Stores a local file, atomically. */
  putFile(key: string, path: string): Promise<void>;
  /** Keys with a prefix, sorted by bytes. */
  list(prefix: string): AsyncGenerator<string>;
}

/** Storage of a lake's copy: objects by key below one root. */
export interface SyncStore extends Omit<AssetStore, "list"> {
  /** The root's address for the target's engine, without a trailing slash. */
  address: string;
  /** Stores a partition file, which is immutable: within the lake a second name suffices. */
  putLakeFile(key: string, path: string): Promise<void>;
  putText(key: string, text: string): Promise<void>;
  readText(key: string): Promise<string | undefined>;
  remove(key: string): Promise<void>;
  removeAll(folder: string): Promise<void>;
}

/** A copy in S3 below `prefix` of a bucket. */
export function s3Store(
  client: () => Promise<S3Client>,
  bucket: string,
  prefix: string,
): SyncStore & AssetStore {
  const place = (key: string) => (prefix === "" ? key : `${prefix}/${key}`);
  const putFile = (key: string, path: string) =>
    told(place(key), async (s3) => {
      await s3.write(place(key), Bun.file(path));
    });
  const told = async <T>(what: string, work: (s3: S3Client) => Promise<T>): Promise<T> => {
    try {
      return await work(await client());
    } catch (error) {
      if (systemCode(error) !== undefined && (error as { path?: string }).path !== undefined) throw error; // of a local file
      throw fromS3(error, `s3://${bucket}/${what}`);
    }
  };
  return {
    address: `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}`,
    size: (key) =>
      told(place(key), async (s3) => {
        try {
          return (await s3.stat(place(key))).size;
        } catch (error) {
          if (isAbsent(error)) return undefined;
          throw error;
        }
      }),
    putFile,
    putLakeFile: putFile,
    putText: (key, text) =>
      told(place(key), async (s3) => {
        await s3.write(place(key), text);
      }),
    readText: (key) =>
      told(place(key), async (s3) => {
        try {
          return await s3.file(place(key)).text();
        } catch (error) {
          if (isAbsent(error)) return undefined;
          throw error;
        }
      }),
    remove: (key) => told(place(key), (s3) => deleteObjects(s3, [place(key)])),
    list: async function* (start) {
      const s3 = await told(place(start), async (one) => one);
      try {
        for await (const { key } of listObjects(s3, place(start))) {
          yield prefix === "" ? key : key.slice(prefix.length + 1);
        }
      } catch (error) {
        throw fromS3(error, `s3://${bucket}/${place(start)}`);
      }
    },
    removeAll: (folder) =>
      told(place(folder), async (s3) => {
        const found = await Array.fromAsync(listObjects(s3, `${place(folder)}/`));
        await deleteObjects(
          s3,
          found.map((object) => object.key),
        );
      }),
  };
}

/** Hard links are unsupported, or not allowed for files of another account. */
const NO_LINK_CODES = new Set(["EACCES", "EPERM", "EXDEV", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** Files in a folder of the lake, seen by the engine at `address`. */
export function folderStore(folder: string, address: string, modes: Modes): SyncStore {
  const pathOf = (key: string) => join(folder, key);
  const put = async (key: string, write: (temp: string) => Promise<unknown>) => {
    const path = pathOf(key);
    await ensureFolder(dirname(path), modes);
    const temp = tempBeside(path);
    await write(temp);
    await givePermissions(temp, modes.file);
    await syncFile(temp);
    await replaceFile(temp, path);
    await syncFolder(dirname(path));
  };
  const putFile = (key: string, path: string) => put(key, (temp) => Bun.write(temp, Bun.file(path)));
  const absent = (error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  };
  return {
    address,
    size: (key) => stat(pathOf(key)).then((info) => info.size, absent),
    putFile,
    putLakeFile: async (key, path) => {
      const folder = dirname(pathOf(key));
      await ensureFolder(folder, modes);
      await rm(pathOf(key), { force: true });
      try {
        await link(path, pathOf(key));
      } catch (error) {
        if (!NO_LINK_CODES.has(systemCode(error) ?? "")) throw error;
        return putFile(key, path);
      }
      await syncFolder(folder);
    },
    putText: async (key, text) => {
      // An earlier process may still be alive, with a rename pending on an unresponsive network.
      await dropPrepared(pathOf(key));
      await put(key, (temp) => Bun.write(temp, text));
    },
    readText: (key) => readFile(pathOf(key), "utf8").catch(absent),
    remove: (key) => rm(pathOf(key), { force: true }),
    removeAll: async (gone) => {
      await removeFolder(pathOf(gone));
      await rmdir(dirname(pathOf(gone))).catch(() => {}); // only if empty
    },
  };
}

function isAbsent(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? "";
  return ["NoSuchKey", "NotFound", "404"].includes(code);
}

function fromS3(error: unknown, address: string): AppError {
  if (error instanceof AppError) return error;
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  const options = { details: { address, error: code }, cause: error };
  if (code === "NoSuchBucket") {
    return new AppError(
      "not_found",
      `the bucket of ${address} does not exist; create it, or set s3.bucket`,
      options,
    );
  }
  if (/AccessDenied|Forbidden|InvalidAccessKey|SignatureDoesNotMatch|ExpiredToken/.test(code)) {
    return new AppError(
      "forbidden",
      `${address} may not be written or read (${code}); check the AWS credentials`,
      options,
    );
  }
  if (/Connection|Timeout|FailedToOpenSocket|ENOTFOUND|ECONN/.test(code)) {
    return new AppError(
      "server_unreachable",
      `S3 cannot be reached for ${address}; check the network and s3.endpoint`,
      options,
    );
  }
  return new AppError("io", `${address}: ${message} (${code}); run the sync again to resume`, options);
}
