import type { PageDocument, PageImage } from "../../../schema/page-documents.ts";
import { assetUrl } from "../../canvas/use-image.ts";
import { CopyButton } from "../../parts/copyable.tsx";
import { choice, toggleChoice } from "../../state/choice.ts";
import { urlOf } from "../../state/url.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { CompareMenu } from "./compare-links.tsx";
import { DocumentSteps } from "./document-steps.tsx";
import type { Neighbours } from "./use-neighbours.ts";

export interface PageHeadProps {
  page: PageDocument;
  image: PageImage | undefined;
  at: number;
  neighbours: Neighbours | undefined;
}

/** Which page it is, the way to others, and what can be done with it. */
export function PageHead({ page, image, at, neighbours }: PageHeadProps) {
  const { viewing } = texts();
  const { provider, dataset, task, variant } = page;
  const name = page.source_name ?? viewing.unnamed;
  const selection = { providers: provider, datasets: dataset, tasks: task, variants: variant };
  return (
    <header class="bar page-head">
      <div class="titles">
        <h1 title={name}>{name}</h1>
        <p class="quiet">
          <a href={urlOf("/browse", selection)}>
            {provider}/{dataset}/{task}/{variant}
          </a>
          {image && ` · ${formatNumber(image.width)}×${formatNumber(image.height)} ${image.format}`}
        </p>
      </div>
      <DocumentSteps page={page} at={at} />
      <span class="push" />
      {neighbours && (
        <nav class="steps" aria-label={viewing.steps}>
          <Step url={neighbours.before} title="K" text={`← ${viewing.before}`} />
          <a href={neighbours.browse}>
            {viewing.place(formatNumber(neighbours.place + 1), formatNumber(neighbours.total))}
          </a>
          <Step url={neighbours.after} title="J" text={`${viewing.after} →`} />
        </nav>
      )}
      <span class="compare-links">
        <CompareMenu page={page} />
      </span>
      {page.upload_id !== null && (
        <button
          type="button"
          title="X"
          aria-pressed={choice.value.has(page.key)}
          onClick={() => toggleChoice(page.key)}
        >
          {viewing.choose}
        </button>
      )}
      <CopyButton text={location.href} label={viewing.link}>
        {viewing.copyLink}
      </CopyButton>
      {image && (
        <a class="button" href={assetUrl(image.asset)} download={image.source_name ?? page.source_name ?? ""}>
          {viewing.download}
        </a>
      )}
    </header>
  );
}

function Step({ url, title, text }: { url: string | undefined; title: string; text: string }) {
  return url === undefined ? (
    <span class="quiet">{text}</span>
  ) : (
    <a href={url} title={title}>
      {text}
    </a>
  );
}
