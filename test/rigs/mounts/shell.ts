/** Where a story is run: on this machine, or in one of its own kernel. */
export interface Shell {
  /** Runs a script of bash to its end; `code` is null when the time was over before. */
  run(script: string, limitMs?: number): Promise<Ran>;
}

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export const localShell: Shell = {
  run: async (script, limitMs = 600_000) => {
    const child = Bun.spawn(["bash", "-c", script], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: limitMs,
    });
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { code: await child.exited, stdout, stderr };
  },
};

/** A word of a script, whatever it holds. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
