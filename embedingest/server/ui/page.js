// What every view may use: asking the server, putting text onto the page, telling what happened. Knows no view.

// Characters that do nothing but change how others look or stand. In names they are shown, one mark each.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
// In texts, bidirectional marks are words of the writer; what controls a terminal, or turns letters round, is not.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202d\u202e]/g;

const rendering = globalThis.trustedTypes?.createPolicy("rendered", {createHTML: html => html}) ?? {createHTML: html => html};

// What the server refused, or that it did not answer. `status` is 0 where it did not.
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// One document of the server: by POST where there is a body, else by GET. `path` is relative to the page, so that it
// works under any prefix. Raises Refused, and AbortError where `signal` aborts.
export async function ask(path, body, {signal, method} = {}) {
  const options = {signal, credentials: "same-origin", method: method ?? (body === undefined ? "GET" : "POST")};
  if (body !== undefined) {
    options.headers = {"Content-Type": "application/json"};
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The server does not answer. Is it still running? `embedingest serve` starts it.");
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : {};
  } catch {
    // What is no JSON comes from something in between, such as a proxy.
  }
  if (!answer.ok) {
    const said = value?.error?.message ?? value?.error;
    const refused = new Refused(answer.status, said || `The server answered ${answer.status} ${answer.statusText}`);
    if (answer.status === 401) document.dispatchEvent(new CustomEvent("key-needed"));
    throw refused;
  }
  if (value === null) throw new Refused(answer.status, "The answer is no JSON: something stands between this page and the server.");
  return value;
}

// An element. `properties` are attributes; `class`, `on` (handlers by event) and `data` (a dataset) beside. Children are
// elements or text, which stays text whatever it holds; null and undefined are left out.
export function make(tag, properties = {}, ...children) {
  const node = tag === "svg" || properties.xmlns ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "xmlns") continue;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined).map(child => child instanceof Node ? child : String(child)));
  return node;
}

// What the server rendered from Markdown, with HTML off. Nothing else becomes markup here.
export function rendered(html) {
  const template = document.createElement("template");
  template.innerHTML = rendering.createHTML(html);
  return template.content;
}

// A name as it can be read: what would hide or turn round a part of it is shown as a mark.
export function shownName(name) {
  return String(name).replace(HIDDEN, mark);
}

// A text as it can be read, of the same length.
export function shownText(text) {
  return String(text).replace(CONTROLS, control => mark(control));
}

function mark(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "\u2421" : "\ufffd";
}

// A name on the page: its direction is its own.
export function name(text, properties = {}) {
  return make("bdi", properties, shownName(text));
}

// Told to screen readers once they are silent.
export function announce(text) {
  document.getElementById("said").textContent = text;
}

let granted = null;

// What who asks may do here, as the session tells it; everything on a server without keys.
export function grant(session) {
  granted = session.keys ? session.can : null;
}

export function may(right) {
  return !granted || granted.includes(right);
}

// Whether what failed may work soon: the server is started anew, or the table is in the making.
export function isPassing(error) {
  return [0, 409, 500, 502, 503, 504].includes(error.status);
}

// An error where it happened, with its way out on a line of its own.
export function failure(error, ...more) {
  const [what, ...hints] = String(error.message ?? error).split(/\n\s*hint:\s*/);
  return make("div", {class: "failure", role: "alert"}, make("p", {}, ...commands(shownText(what))),
    ...hints.map(hint => make("p", {class: "remedy"}, ...commands(shownText(hint)))), ...more);
}

// A sentence whose `commands` are set as such.
export function commands(sentence) {
  return sentence.split(/`([^`]+)`/).map((part, i) => i % 2 ? make("code", {}, part) : part);
}

// The address of a view on this page.
export function link(view, parameters = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== ""));
  const text = query.toString();
  return `#${view}${text && `?${text}`}`;
}

// Goes to a view; `replace` leaves no step back to where one is.
export function go(view, parameters = {}, {replace = false} = {}) {
  const target = link(view, parameters);
  if (replace) history.replaceState(null, "", target);
  else location.hash = target;
}

// A time as people here write it, with the exact one for who asks.
export function time(value) {
  const when = new Date(value);
  if (Number.isNaN(when.valueOf())) return make("span", {}, String(value));
  const text = when.toLocaleString(undefined, {dateStyle: "medium", timeStyle: "short"});
  return make("time", {datetime: when.toISOString(), title: when.toISOString()}, text);
}

export function number(value, digits = 0) {
  return Number(value).toLocaleString(undefined, {maximumFractionDigits: digits});
}

// "1 chunk", "2 chunks".
export function count(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

// A button that puts text on the clipboard and says so.
export function copyButton(text, label = "Copy") {
  const button = make("button", {type: "button", class: "quiet"}, label);
  button.addEventListener("click", async () => {
    try {
      await copy(text);
      button.textContent = "Copied";
      announce("Copied");
    } catch {
      button.textContent = "Not copied";
      announce("This browser does not let a page copy");
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
  return button;
}

async function copy(text) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  const field = make("textarea", {class: "unseen", "aria-hidden": "true", tabindex: "-1"});
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("refused");
}
