import { Empty } from "../../parts/notice.tsx";
import { urlOf } from "../../state/url.ts";
import { texts } from "../../texts/texts.ts";

/** Nothing fits what is searched and filtered for. */
export function NoRows({ isPart = false }: { isPart?: boolean }) {
  const { browsing } = texts();
  return (
    <Empty title={browsing.none} isPart={isPart}>
      <p>{browsing.noneHint}</p>
      <a href={urlOf("/browse")}>{browsing.all}</a>
    </Empty>
  );
}
