/** Shares as the command has them, `train=0.9,val=0.1`; undefined where they are none, or do not add up to 1. */
export function readShares(text: string): Record<string, number> | undefined {
  const pairs = text.split(",").map((part) => part.split("=").map((side) => side.trim()));
  const shares = pairs.map(
    ([name = "", share = ""]) => [name, share === "" ? Number.NaN : Number(share)] as const,
  );
  const sum = shares.reduce((total, [, share]) => total + share, 0);
  const isRight =
    shares.every(([name, share]) => /^[\w-]+$/.test(name) && share > 0 && share <= 1) &&
    new Set(shares.map(([name]) => name)).size === shares.length &&
    Math.abs(sum - 1) < 1e-9;
  return isRight ? Object.fromEntries(shares) : undefined;
}
