import { useDocument } from "../../api/use-document.ts";
import { ROW_FORMATS } from "./commands.ts";

/** The part of /openapi.json that lists what this server knows. */
interface ApiDescription {
  paths: Record<string, { post: { requestBody: { content: Record<string, { schema: unknown }> } } }>;
}

/** The formats and built-in prompts of this server. */
export function useKnownChoices(): { formats: readonly string[]; prompts: readonly string[] } {
  const { value } = useDocument<ApiDescription>("/openapi.json");
  const schema = value?.paths["/exports"]?.post.requestBody.content["application/json"]?.schema;
  return {
    formats: findEnum(propertyOf(schema, "format")) ?? [...ROW_FORMATS, "coco"],
    prompts: findEnum(propertyOf(schema, "prompt")) ?? [],
  };
}

/** The schema of a property, wherever it stands in one that may be wrapped. */
function propertyOf(schema: unknown, name: string): unknown {
  if (typeof schema !== "object" || schema === null) return undefined;
  const { properties } = schema as { properties?: Record<string, unknown> };
  if (properties?.[name] !== undefined) return properties[name];
  for (const part of Object.values(schema)) {
    const found = propertyOf(part, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findEnum(schema: unknown): string[] | undefined {
  if (typeof schema !== "object" || schema === null) return undefined;
  if ("enum" in schema) return schema.enum as string[];
  for (const part of Object.values(schema)) {
    const found = findEnum(part);
    if (found) return found;
  }
  return undefined;
}
