import { urlOf } from "../state/url.ts";
import { texts } from "../texts/texts.ts";

export function NotFoundScreen() {
  const { notFound, notFoundHint, toDatasets } = texts();
  return (
    <div class="notice" data-shown>
      <h1>{notFound}</h1>
      <p>{notFoundHint}</p>
      <a href={urlOf("/datasets")}>{toDatasets}</a>
    </div>
  );
}
