// Signing in: the key is asked for once. The page keeps it nowhere; the browser keeps a cookie that no script can read.

import {announce, ask, failure, grant, make, name} from "./page.js";

const SESSION = "ui/session";

// Whether the page may ask for things now; who asks then stands in the header, with the way out.
export async function signedIn() {
  let session;
  try {
    session = await ask(SESSION);
  } catch {
    return true; // the view that is shown tells what is wrong with the server
  }
  show(session);
  return !session.keys || session.can.length > 0;
}

function show(session) {
  grant(session);
  document.getElementById("who")?.remove();
  if (!session.keys || !session.can.length) return;
  const out = make("button", {type: "button", class: "quiet", on: {click: signOut}}, "Sign out");
  const part = session.filtered ? make("span", {}, " (sees a part of the table)") : null;
  const who = session.name ? [name(session.name), part, " "] : [];
  document.querySelector("body > header").append(make("p", {id: "who", class: "who"}, who, out));
}

async function signOut() {
  document.dispatchEvent(new CustomEvent("key-needed")); // first, so that the view that is shown asks no more
  await ask(SESSION, undefined, {method: "DELETE"});
  announce("Signed out");
}

export default {
  name: "login",
  title: "Sign in",
  hidden: true,

  show(body, _parameters, tools) {
    document.getElementById("who")?.remove();
    const key = make("input", {
      id: "key", type: "password", autocomplete: "current-password", required: true, spellcheck: "false",
      autocapitalize: "none", "aria-describedby": "key-help",
    });
    const button = make("button", {type: "submit"}, "Sign in");
    const told = make("div");
    const form = make("form", {class: "login"},
      make("p", {id: "key-help"}, "This server asks for a key. Who runs it makes one with ",
        make("code", {}, "embedingest keys new NAME"), "."),
      make("label", {for: "key"}, "Key"), key, button, told);
    form.addEventListener("submit", async event => {
      event.preventDefault();
      button.disabled = true;
      told.replaceChildren();
      try {
        show(await ask(SESSION, {key: key.value.trim()}));
        if (tools.isShown()) document.dispatchEvent(new CustomEvent("signed-in"));
        announce("Signed in");
      } catch (error) {
        const wrong = error.status === 401 ? "This key is not known here. Was all of it copied?" : error;
        told.replaceChildren(failure(wrong));
        key.select();
      } finally {
        button.disabled = false;
      }
    });
    body.append(form);
    key.focus();
  },
};
