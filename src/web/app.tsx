import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Frame } from "./parts/frame.tsx";
import { Failure, Loading } from "./parts/notice.tsx";
import { LoginScreen } from "./screens/login.tsx";
import { NotFoundScreen } from "./screens/not-found.tsx";
import { screenOf } from "./screens/table.ts";
import { address } from "./state/address.ts";
import { loadSession, session, sessionFailure } from "./state/session.ts";
import { texts } from "./texts/texts.ts";

/** The whole page: who is asked for a token sees nothing else. */
export function App() {
  const who = session.value;
  if (who === undefined) {
    const failure = sessionFailure.value;
    return failure ? <Failure failure={failure} onRetry={() => void loadSession()} /> : <Loading />;
  }
  if (who.login === "needed") return <LoginScreen lake={who.lake} />;
  return (
    <Frame>
      <Screen lake={who.lake} />
    </Frame>
  );
}

function Screen({ lake }: { lake: string }) {
  const { path } = address.value;
  const screen = screenOf(path);
  const title = screen ? texts()[screen.name] : texts().notFound;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = texts().title(title, lake);
  }, [title, lake]);
  // Before it is painted: nobody has focused something of it yet.
  useLayoutEffect(() => {
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [screen?.name]);
  return (
    <main ref={main} id="main" tabIndex={-1} data-screen={screen?.name ?? "none"}>
      {screen ? <screen.View key={screen.name} /> : <NotFoundScreen />}
    </main>
  );
}
