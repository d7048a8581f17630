import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Command, type CommandGroup, isGroup } from "../../src/cli/arguments/command.ts";
import { flagName } from "../../src/cli/arguments/flags.ts";
import { COMMANDS } from "../../src/cli/commands/table.ts";
import { run, withFolder } from "./harness.ts";

async function allCommands(): Promise<[string[], Command | CommandGroup][]> {
  const found: [string[], Command | CommandGroup][] = [];
  const visit = (words: string[], node: Command | CommandGroup) => {
    found.push([words, node]);
    if (!isGroup(node)) return;
    for (const [name, below] of Object.entries(node.subcommands)) visit([...words, name], below);
  };
  for (const [name, entry] of Object.entries(COMMANDS)) visit([name], await entry.load());
  return found;
}

describe("help", () => {
  test("names every command with what the command says of itself", async () => {
    const { exit, stdout, stderr } = await run(["--help"]);
    expect([exit, stderr]).toEqual([0, ""]);
    for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
      expect(stdout).toContain(`  ${name} `);
      expect((await load()).summary).toBe(summary);
    }
    expect((await run([])).stdout).toBe(stdout);
  });

  test("is there for every command, with its flags and examples", async () => {
    for (const [words, node] of await allCommands()) {
      const { exit, stdout } = await run([...words, "--help"]);
      expect(exit).toBe(0);
      expect(stdout).toContain(["datalake", ...words].join(" "));
      expect(stdout).toContain("Examples:");
      if (isGroup(node)) {
        for (const name of Object.keys(node.subcommands)) expect(stdout).toContain(`  ${name} `);
      } else {
        for (const key of Object.keys(node.flags)) expect(stdout).toContain(`--${flagName(key)}`);
        for (const example of node.examples) {
          expect(stdout).toContain(example);
          expect(example).toStartWith(["datalake", ...words].join(" "));
        }
        expect(node.examples.length).toBeGreaterThan(0);
      }
    }
  });

  test("comes first, whatever else is wrong", async () => {
    expect((await run(["init", "--nonsense", "-h"])).exit).toBe(0);
  });

  test("no line is wider than a screen of 120", async () => {
    for (const [words] of [[[]], ...(await allCommands())] as [string[], unknown][]) {
      const { stdout } = await run([...words, "--help"]);
      const wide = stdout.split("\n").filter((line) => Bun.stringWidth(line) > 120);
      expect(wide.filter((line) => !line.startsWith("  datalake"))).toEqual([]);
    }
  });
});

test("--version is the version", async () => {
  expect(await run(["--version"])).toEqual({ exit: 0, stdout: "1.2.3\n", stderr: "" });
});

describe("what cannot be meant", () => {
  const wrong: [string, string[], RegExp][] = [
    ["an unknown command", ["inti"], /datalake init/],
    ["an unknown command of a group", ["config", "tsak", "list"], /datalake config task/],
    ["a group without its command", ["config"], /provider/],
    ["an unknown flag", ["init", "x", "--jsno"], /--json/],
    ["an unknown flag before the command", ["--nonsense", "init"], /--nonsense/],
    ["an unknown flag alone", ["--jsn"], /--json/],
    ["a short flag", ["init", "-x"], /-x/],
    ["a flag without its value", ["init", "--lake"], /--lake DIR/],
    ["a flag as the value of another", ["init", "--lake", "--json"], /--lake DIR/],
    ["an empty value", ["init", "--lake="], /--lake DIR/],
    ["a flag twice", ["init", "--lake", "a", "--lake", "b"], /twice/],
    ["a switch with a value", ["init", "--json=yes"], /--json/],
    ["an argument too many", ["init", "a", "b"], /"b"/],
    ["no lake", ["config", "task", "list"], /--lake/],
    ["no name", ["config", "task", "create"], /--lake/],
  ];
  for (const [what, argv, says] of wrong) {
    test(`${what} is a usage error in one sentence`, async () => {
      const { exit, stdout, stderr } = await run(argv);
      expect(exit).toBe(2);
      if (!argv.includes("--json")) expect(stdout).toBe("");
      expect(stderr.trimEnd().split("\n").length).toBe(1);
      expect(stderr).toStartWith("datalake: ");
      expect(stderr).toMatch(says);
    });
  }

  test("a wrong setting is named", async () => {
    const { exit, stderr } = await run(["init", "x"], { env: { DATALAKE_SERVE_PORT: "many" } });
    expect(exit).toBe(2);
    expect(stderr).toContain("serve.port");
  });
});

describe("errors", () => {
  test("with --json are a document on stdout", async () => {
    const { exit, stdout } = await run(["--json", "config", "task", "list", "--lake", "/nowhere"]);
    expect(exit).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "no_lake", message: expect.any(String) } });
  });

  test("--verbose adds the causes", () =>
    withFolder(async (folder) => {
      const config = join(folder, "none.yaml");
      const plain = await run(["init", "--config", config]);
      const verbose = await run(["init", "--config", config, "--verbose"]);
      expect([plain.exit, verbose.exit]).toEqual([2, 2]);
      expect(plain.stderr).not.toContain("caused by");
      expect(verbose.stderr).toContain("caused by");
      expect(verbose.stderr).toContain("invalid_config");
    }));

  test("a flag behind -- is an argument", async () => {
    const { stderr } = await run(["init", "--", "--json", "--version"]);
    expect(stderr).toContain('"--version"');
  });
});

describe("global flags", () => {
  test("may stand before, between and behind the words of a command", () =>
    withFolder(async (folder) => {
      const lake = join(folder, "lake");
      await run(["init", lake]);
      const orders = [
        ["--lake", lake, "config", "task", "list", "--json"],
        ["config", "--json", "task", `--lake=${lake}`, "list"],
        ["config", "task", "--json", "list", "--lake", lake],
      ];
      for (const argv of orders) {
        expect(await run(argv)).toEqual({ exit: 0, stdout: '{"tasks":[]}\n', stderr: "" });
      }
    }));

  test("the environment and a config file name the lake too", () =>
    withFolder(async (folder) => {
      const lake = join(folder, "lake");
      await run(["init", lake]);
      await Bun.write(join(folder, "settings.yaml"), "lake: ./lake\n");
      const byFile = await run([
        "config",
        "task",
        "list",
        "--json",
        "--config",
        join(folder, "settings.yaml"),
      ]);
      const byEnv = await run(["config", "task", "list", "--json"], { env: { DATALAKE_LAKE: lake } });
      expect(byFile.stdout).toBe('{"tasks":[]}\n');
      expect(byEnv.stdout).toBe('{"tasks":[]}\n');
    }));
});
