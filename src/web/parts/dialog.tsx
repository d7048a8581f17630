import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { texts } from "../texts/texts.ts";

/** A modal dialog: Escape closes it, and the focus goes back to where it was. */
export function Dialog({
  title,
  children,
  onClose,
}: {
  title: string;
  children: ComponentChildren;
  onClose(): void;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const opener = useRef(document.activeElement);
  useLayoutEffect(() => {
    const dialog = element.current as HTMLDialogElement;
    dialog.showModal();
    // One that is taken out of the document gives the focus to nobody, and no other element can have it until then.
    return () => {
      dialog.close();
      const { current } = opener;
      if (current instanceof HTMLElement && current.isConnected) current.focus();
    };
  }, []);
  return (
    <dialog ref={element} aria-labelledby="dialog-title" onCancel={onClose}>
      <div class="dialog-head">
        <h2 id="dialog-title">{title}</h2>
        <button type="button" onClick={onClose}>
          {texts().close}
        </button>
      </div>
      {children}
    </dialog>
  );
}
