/**
 * The URL of a server that all processes of a test run share, as `with-shared-servers.ts` tells it; a run without that
 * program starts one of its own.
 */
export async function sharedServer(name: "trino" | "moto", start: () => Promise<string>): Promise<string> {
  const keeper = process.env.DATALAKE_TEST_SERVERS;
  if (keeper === undefined) return start();
  const answer = await fetch(new URL(name, keeper));
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
