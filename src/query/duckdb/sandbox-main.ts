/** Runs as a program of its own where the sources run; the executable has a hidden command instead. */
import { runSandboxChild } from "./sandbox-child.ts";

process.exitCode = await runSandboxChild(Bun.stdin.stream());
