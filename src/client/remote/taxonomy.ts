import * as v from "valibot";
import { parseName } from "../../schema/names.ts";
import { ProviderSchema, TaskSchema } from "../../schema/taxonomy.ts";
import type { TaxonomyClient } from "../lake-client.ts";
import { connectHttp } from "./http.ts";

const AnswerSchema = v.object({
  providers: v.record(v.string(), ProviderSchema),
  tasks: v.record(v.string(), TaskSchema),
});
const NameSchema = v.object({ name: v.string() });

/** The providers and tasks of a lake behind a server. */
export function connectTaxonomy(url: string, token?: string | undefined): TaxonomyClient {
  const http = connectHttp(url, token);
  const change = async (method: string, kind: string, name: string, body?: unknown) => {
    const path = `/config/${kind}/${encodeURIComponent(name)}`;
    return (await http.call(method, path, NameSchema, { body })).name;
  };
  return {
    read: async () => http.call("GET", "/config", AnswerSchema),
    addProvider: async (name, provider) => change("POST", "providers", parseName("provider", name), provider),
    removeProvider: (name) => change("DELETE", "providers", name),
    addTask: async (name, task) => change("POST", "tasks", parseName("task", name), task),
    editTask: (name, { description, view, partition }) =>
      change("PUT", "tasks", name, { description, view, partition }),
    removeTask: (name) => change("DELETE", "tasks", name),
  };
}
