import { describe, expect, test } from "bun:test";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatalakeClient } from "../../src/client/index.ts";
import { retryUpload } from "../../src/jobs/staging.ts";
import { describeLake, initLake } from "../../src/lake/lake.ts";
import { acquireLease } from "../../src/lake/lease.ts";
import { whyUnsuited } from "../../src/lake/mount-words.ts";
import { createUploadId } from "../../src/schema/names.ts";
import { mountTwo } from "../rigs/fuse/two-mounts.ts";
import { startServe, until } from "../server/server-kit.ts";
import { runOn, succeed, worldOn } from "./mount-kit.ts";

describe("whyUnsuited", () => {
  test("knows rclone and davfs2 by their type, and others by what trying showed", () => {
    const tried = { hardLink: "yes", exclusiveCreate: true } as const;
    const of = (type: string | undefined, source = "rig") => whyUnsuited({ type, source }, tried);
    expect([of("ext4"), of("cifs"), of("nfs4"), of("fuse.sshfs"), of("fuse"), of(undefined)]).toEqual(
      Array(6).fill(undefined),
    );
    expect(of("fuse.rclone")).toContain("rclone");
    expect(of("fuse", "https://nas/dav/")).toContain("davfs2");
    expect(of("fuse.davfs")).toContain("davfs2");
    expect(whyUnsuited({ type: "fuse.x", source: "x" }, { ...tried, hardLink: "none" })).toBeUndefined();
    expect(whyUnsuited({ type: "fuse.x", source: "x" }, { ...tried, hardLink: "broken" })).toContain("EIO");
    expect(whyUnsuited({ type: "fuse.x", source: "x" }, { ...tried, exclusiveCreate: false })).toContain(
      "exclusive create",
    );
  });
});

test("nothing is changed on a mount that cannot hold a lake, and the reason is told; what is there may be read", async () => {
  for (const behaviour of ["rclone", "later"] as const) {
    await using mounts = await mountTwo({ behaviour });
    const world = worldOn(mounts);
    const reason = behaviour === "rclone" ? /rclone.*cannot hold a lake/ : /cannot hold a lake.*EIO/;
    const refused = async (...args: string[]) => {
      const { exit, stdout, stderr } = await runOn(world, ...args, "--json");
      expect({ args, exit, stderr }).toEqual({ args, exit: 1, stderr: expect.stringMatching(reason) });
      expect(JSON.parse(stdout).error.code).toBe("unsuited_mount");
    };
    await refused("init", world.lake);
    expect(await readdir(mounts.backing)).toEqual([]);

    await initLake(join(mounts.backing, "lake")); // by the machine with the disk
    const input = join(mounts.scratch, "rows.jsonl");
    await writeFile(input, '{"text":"하나"}\n');
    await succeed(
      { ...world, env: { ...world.env, DATALAKE_LAKE: join(mounts.backing, "lake") } },
      "config",
      "provider",
      "create",
      "hf",
    );
    const before = (await readdir(mounts.backing, { recursive: true })).sort();
    if (behaviour === "rclone") {
      await refused("config", "provider", "create", "aihub");
      await refused("process", "start", "--wait");
      await refused("serve", "--port", "0");
      expect(await succeed(world, "config", "provider", "list")).toContain("hf");
    } else {
      const client = new DatalakeClient({ basePath: world.lake });
      const upload = { provider: "hf", dataset: "d", input };
      for (const change of [
        () => client.uploadRawData(upload),
        () => client.triggerProcessing(),
        () => client.buildCatalog(),
        () => retryUpload(describeLake(world.lake), createUploadId()),
      ]) {
        await expect(change()).rejects.toMatchObject({ code: "unsuited_mount" });
      }
      await client.close();
    }
    expect((await readdir(mounts.backing, { recursive: true })).sort()).toEqual(before);
    const { exit, stdout } = await runOn(world, "doctor", "--json");
    const checks = JSON.parse(stdout).checks as {
      name: string;
      status: string;
      details?: { unsuited: string };
    }[];
    const mount = checks.find(({ name }) => name === "mount");
    expect([exit, mount?.status, mount?.details?.unsuited]).toEqual([1, "problem", expect.any(String)]);
  }
});

test("init, serve and doctor say what follows from a mount, and ask for no permissions that it does not keep", async () => {
  await using mounts = await mountTwo({ behaviour: "smb" });
  const world = worldOn(mounts);
  const first = await runOn(world, "init", world.lake, "--json");
  expect(first.stderr).toMatch(/fuse\.smb.*renamed before.*permissions cannot be set/);
  const { mount } = JSON.parse(first.stdout);
  const facts = {
    type: "fuse.smb",
    fuse: true,
    unsuited: null,
    tried: {
      hard_link: "yes",
      exclusive_create: true,
      rename_over_open: "lost",
      rename_open: true,
      permissions: false,
      case_sensitive: false,
      fsync: true,
    },
  };
  expect(mount).toMatchObject(facts);
  // A second time there is nothing to repair.
  expect(JSON.parse(await succeed(world, "init", world.lake, "--json"))).toMatchObject({
    created: [],
    repaired: [],
  });
  await succeed(world, "config", "provider", "create", "hf");
  const input = join(mounts.scratch, "rows.jsonl");
  await writeFile(input, '{"text":"하나"}\n');
  await succeed(
    world,
    "upload",
    input,
    "--provider",
    "hf",
    "--dataset",
    "d",
    "--type",
    "raw",
    "--process",
    "--wait",
  );
  const { checks } = JSON.parse(await succeed(world, "doctor", "--json")) as {
    checks: { name: string; status: string; details?: unknown }[];
  };
  expect(checks.filter(({ status }) => status !== "ok")).toEqual([]);
  expect(checks.find(({ name }) => name === "mount")?.details).toMatchObject({ ...facts, source: "rig" });
  const server = await startServe({ env: world.env } as Parameters<typeof startServe>[0]);
  try {
    await until(async () => server.stderr().includes("renamed before"));
    expect(await (await fetch(`${server.url}/info`)).json()).toMatchObject({ mount: facts });
    expect(await succeed(world, "doctor", "--server", server.url)).toMatch(
      /mount: fuse\.smb.*renamed before/,
    );
  } finally {
    await server.stop();
  }
});

test("a mount without hard links is told so, and works", async () => {
  await using mounts = await mountTwo({ behaviour: "linkless" });
  const world = worldOn(mounts);
  const { stderr } = await runOn(world, "init", world.lake);
  expect(stderr).toContain("no hard links");
  await succeed(world, "config", "provider", "create", "hf");
  await mkdir(join(mounts.a.at, "x"));
  const lease = await acquireLease(join(mounts.a.at, "x", "lease"), { purpose: "a test" });
  await expect(acquireLease(join(mounts.b.at, "x", "lease"), { purpose: "b" })).rejects.toMatchObject({
    code: "locked",
  });
  await lease.release();
  const input = join(mounts.scratch, "rows.jsonl");
  await writeFile(input, '{"text":"하나"}\n');
  for (const mode of ["create", "replace"]) {
    await succeed(
      world,
      "upload",
      input,
      "--provider",
      "hf",
      "--dataset",
      "d",
      "--type",
      "raw",
      "--mode",
      mode,
      "--process",
      "--wait",
    );
  }
  expect(await succeed(world, "doctor")).toMatch(/: 0 problems|is fine/);
});
