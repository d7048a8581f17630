import { render } from "preact";
import { App } from "./app.tsx";
import { followAddress } from "./state/address.ts";
import { followChanges } from "./state/changes.ts";
import { followChoice } from "./state/choice.ts";
import { followPreferences } from "./state/preferences.ts";
import { followSession, loadSession } from "./state/session.ts";

followPreferences();
followChoice();
followAddress();
followSession();
followChanges();
void loadSession();
render(<App />, document.getElementById("app") as HTMLElement);
