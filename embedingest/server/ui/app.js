// The shell: which view is shown, and where the keyboard is then. Views know nothing of each other but their names.

import * as page from "./page.js";
import compare from "./compare.js";
import login, {signedIn} from "./login.js";
import map from "./map.js";
import models from "./models.js";
import pipelines from "./pipelines.js";
import reader from "./document.js";
import search from "./search.js";

// A view is `{name, title, show(body, parameters, tools)}`; `show` may return a function that ends it, and may be
// asynchronous. Those with `hidden` are in no list: others lead to them; those whose right a key lacks (`needs`) are in
// none of its page. One named `login` is shown wherever the server
// asks for a key.
const VIEWS = [search, pipelines, map, models, compare, reader, login];
const FIRST_RETRY_SECONDS = 2;
const LONGEST_RETRY_SECONDS = 30;

const byName = new Map(VIEWS.map(view => [view.name, view]));
const main = document.getElementById("main");
const entries = new Map();
let current = null;

function listed() {
  for (const view of VIEWS.filter(view => !view.hidden)) {
    const entry = page.make("a", {href: page.link(view.name)}, view.title);
    entries.set(view.name, entry);
    document.getElementById("views").append(page.make("li", {}, entry));
  }
}

// Leaves out what the key has no right to.
function offer() {
  for (const [name, entry] of entries) entry.parentElement.hidden = !isOffered(byName.get(name));
}

function isOffered(view) {
  return !view.hidden && (!view.needs || page.may(view.needs));
}

function wanted() {
  const [view, query = ""] = location.hash.replace(/^#/, "").split(/\?(.*)/s);
  return [byName.get(view) ?? VIEWS.find(isOffered) ?? login, Object.fromEntries(new URLSearchParams(query))];
}

function toolsOf(shown, heading) {
  return {
    ...page,
    // Another heading, and with it another title of the window.
    title(text) {
      if (current !== shown) return;
      heading.replaceChildren(page.name(text));
      document.title = `${page.shownName(text)} · embedingest`;
    },
    // Whether the view is still the one that is shown: an answer that comes later has no place any more.
    isShown: () => current === shown,
  };
}

async function show(view, parameters, {focus = true, failures = 0} = {}) {
  const shown = {view, end: null};
  current?.end?.();
  current = shown;
  const heading = page.make("h1", {tabindex: "-1"}, view.title);
  const body = page.make("div", {class: `view view-${view.name}`});
  main.replaceChildren(heading, body);
  document.title = `${view.title} · embedingest`;
  for (const [name, entry] of entries) {
    if (name === view.name) entry.setAttribute("aria-current", "page");
    else entry.removeAttribute("aria-current");
  }
  if (focus) heading.focus({preventScroll: true});
  window.scrollTo(0, 0);
  try {
    const end = await view.show(body, parameters, toolsOf(shown, heading));
    if (current === shown) shown.end = end;
    else end?.();
  } catch (error) {
    if (current === shown && error.name !== "AbortError") shown.end = tryAgain(body, error, () => show(view, parameters, {focus: false, failures: failures + 1}), failures);
  }
}

// Says what failed, and shows the view anew: when one asks for it, and by itself where it may work soon.
function tryAgain(body, error, again, failures) {
  const failure = page.failure(error, page.make("button", {type: "button", class: "quiet", on: {click: again}}, "Try again"));
  body.replaceChildren(failure);
  if (!page.isPassing(error)) return undefined;
  const seconds = Math.min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** failures);
  failure.append(page.make("span", {class: "small"}, ` It is tried again in ${seconds} seconds.`));
  const timer = setTimeout(again, seconds * 1000);
  return () => clearTimeout(timer);
}

document.getElementById("skip").addEventListener("click", event => {
  event.preventDefault();
  main.focus();
});
window.addEventListener("hashchange", () => show(...wanted()));
document.addEventListener("key-needed", () => {
  if (current?.view !== login) show(login, {});
});
// The key was taken: what was asked for before it is shown now.
document.addEventListener("signed-in", () => {
  offer();
  show(...wanted());
});

listed();
const isKnown = await signedIn();
offer();
if (isKnown) show(...wanted(), {focus: false});
else show(login, {}, {focus: false});
