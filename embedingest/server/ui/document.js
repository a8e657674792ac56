// One document: its text with its chunks coloured, where each stands, what was left out, and what is near a chunk.

import {placeOf, typeName} from "./words.js";

const PART_CHARACTERS = 30000;
const MOST_CHARACTERS = 100000;
const PARTS = ["sheet", "rows", "cell", "chapter", "symbol"]; // of a chunk, and told beside it

export default {
  name: "document",
  title: "Document",
  hidden: true,
  async show(body, parameters, tools) {
    if (!parameters.source) {
      body.append(tools.make("p", {}, "No document is named. ", tools.make("a", {href: tools.link("search")}, "Search for one")));
      return undefined;
    }
    const view = new Reader(body, parameters.source, tools);
    await view.open(parameters);
    return undefined;
  },
};

class Reader {
  constructor(body, source, tools) {
    const {make} = tools;
    this.tools = tools;
    this.source = source;
    this.facts = make("div", {class: "about"});
    this.earlier = make("p");
    this.text = make("div", {class: "document"});
    this.later = make("p");
    this.chunks = new Map(); // by id: what is known of each
    body.append(this.facts, this.earlier, this.text, this.later);
  }

  async open({chunk, page, line}) {
    const asked = {source: this.source, max_characters: PART_CHARACTERS};
    if (chunk) asked.around = chunk;
    else if (page) asked.page = Number(page);
    else if (line) asked.start_line = Number(line);
    let told;
    try {
      told = await this.tools.ask("api/document", asked);
    } catch (error) {
      // What was found may have changed since: the document is shown from its beginning then.
      if (!(chunk || page || line) || ![400, 404].includes(error.status)) throw error;
      told = await this.tools.ask("api/document", {source: this.source, max_characters: PART_CHARACTERS});
      this.text.before(this.tools.make("p", {class: "notice"}, "This document changed since it was found: it is shown from its beginning."));
      chunk = null;
    }
    if (!this.tools.isShown()) return;
    this.tools.title(told.title || this.source.split("/").at(-1));
    this.facts.replaceChildren(...factsOf(this.tools, told));
    if (!told.chunks.length) return;
    this.draw(told, "replaceChildren");
    this.offerMore(told);
    if (chunk) this.choose(chunk, {scroll: true});
  }

  // A part of the document, in front of (`prepend`) or behind (`append`) what is shown.
  draw(told, how) {
    this.text[how](...pieces(told).map(piece => this.blockOf(piece, told)));
  }

  blockOf(piece, told) {
    const {make, shownText} = this.tools;
    if (!piece.chunk) {
      return make("p", {class: "gap small quiet"}, `${this.tools.count(piece.end - piece.start, "character")} that stand in no chunk`);
    }
    const {chunk} = piece;
    this.chunks.set(chunk.id, chunk);
    const tint = chunk.chunk_index % 2 ? "two" : "one";
    const id = `chunk-${chunk.id}`;
    const button = make("button", {type: "button", class: "quiet place", "aria-expanded": "false", "aria-controls": `near-${chunk.id}`},
      make("span", {class: "unseen"}, `Chunk ${chunk.chunk_index + 1}, `), placeOf(chunk));
    button.addEventListener("click", () => this.choose(chunk.id));
    const headings = chunk.heading_path.map(this.tools.shownName).join(" › ");
    const body = make("div", {class: "words", dir: "auto"},
      piece.shared ? make("span", {class: "shared", title: "These words stand in the chunk before, too"}, shownText(piece.shared)) : null,
      shownText(piece.text));
    return make("section", {class: `chunk tint-${tint}`, id, "aria-label": `Chunk ${chunk.chunk_index + 1} of ${told.document.chunks[1] + 1}`},
      make("div", {class: "beside"}, button, headings ? make("bdi", {class: "small quiet headings"}, headings) : null),
      body, make("div", {class: "near", id: `near-${chunk.id}`, hidden: true}));
  }

  offerMore(told) {
    const first = told.start_character;
    const button = (text, handler) => this.tools.make("button", {type: "button", class: "quiet", on: {click: handler}}, text);
    this.first = Math.min(this.first ?? first, first);
    this.earlier.replaceChildren(this.first > 0 && told.shown.chunks[0] > 0 ? button("Read what stands before", () => this.before()) : "");
    this.next = told.more?.start_character ?? null;
    this.later.replaceChildren(this.next !== null ? button(`Read on (${this.tools.count(told.more.characters, "character")} more)`, () => this.behind()) : "");
  }

  async before() {
    const last = this.shownChunks()[0] - 1;
    let told = await this.part({start_character: Math.max(0, this.first - PART_CHARACTERS), end_chunk: last, max_characters: 2 * PART_CHARACTERS});
    // A chunk that was cut in front is left to the next part; one that is alone is read whole.
    if (told && told.chunks[0].start < told.start_character) {
      if (told.chunks.length === 1) told = await this.part({start_chunk: last, end_chunk: last, max_characters: MOST_CHARACTERS});
      else told = {...told, chunks: told.chunks.slice(1), from: told.chunks[1].start};
    }
    if (!told) return;
    this.draw(told, "prepend");
    this.first = told.chunks[0].start;
    if (told.chunks[0].chunk_index === 0) this.earlier.replaceChildren();
  }

  async behind() {
    const told = await this.part({start_character: this.next, max_characters: PART_CHARACTERS});
    if (!told) return;
    const [, last] = this.shownChunks();
    // A chunk that was cut at the end of a part is drawn whole with the next one.
    const again = told.chunks.filter(chunk => chunk.chunk_index <= last);
    again.forEach(chunk => document.getElementById(`chunk-${chunk.id}`)?.querySelector(".words").append(
      this.tools.shownText(slice(told, Math.max(chunk.start, told.start_character), chunk.end))));
    this.draw({...told, chunks: told.chunks.filter(chunk => chunk.chunk_index > last), from: Math.max(told.start_character, ...again.map(chunk => chunk.end))}, "append");
    this.next = told.more?.start_character ?? null;
    if (this.next === null) this.later.replaceChildren();
    else this.later.firstChild.textContent = `Read on (${this.tools.count(told.more.characters, "character")} more)`;
  }

  async part(asked) {
    try {
      return await this.tools.ask("api/document", {source: this.source, ...asked});
    } catch (error) {
      this.later.replaceChildren(this.tools.failure(error));
      return null;
    }
  }

  shownChunks() {
    const indices = [...this.chunks.values()].map(chunk => chunk.chunk_index);
    return [Math.min(...indices), Math.max(...indices)];
  }

  // Shows what is near a chunk, and hides it when chosen again.
  async choose(id, {scroll = false} = {}) {
    const {make} = this.tools;
    const section = document.getElementById(`chunk-${id}`);
    if (!section) return;
    const near = section.querySelector(".near");
    const button = section.querySelector(".place");
    const opening = near.hidden;
    for (const other of this.text.querySelectorAll(".chosen")) {
      other.classList.remove("chosen");
      other.querySelector(".near").hidden = true;
      other.querySelector(".place").setAttribute("aria-expanded", "false");
    }
    if (!opening) return;
    section.classList.add("chosen");
    near.hidden = false;
    button.setAttribute("aria-expanded", "true");
    this.tools.go("document", {source: this.source, chunk: id}, {replace: true});
    if (scroll) {
      section.scrollIntoView({block: "start"});
      button.focus({preventScroll: true});
    }
    if (near.children.length) return;
    near.replaceChildren(make("p", {class: "small quiet"}, "Looking for what is near …"));
    try {
      const {results} = await this.tools.ask("ui/data/nearest", {id, limit: 6});
      near.replaceChildren(...nearOf(this.tools, results));
    } catch (error) {
      near.replaceChildren(this.tools.failure(error));
    }
  }
}

function nearOf(tools, results) {
  const {make, link, name} = tools;
  if (!results.length) return [make("p", {class: "small quiet"}, "No other chunk is there to be near.")];
  return [make("h2", {class: "small"}, "Nearest by meaning"), make("ol", {class: "nearest"}, ...results.map(hit =>
    make("li", {}, make("p", {class: "row small"},
      make("a", {href: link("document", {source: hit.source, chunk: hit.id})}, name(hit.source), `, ${placeOf(hit)}`),
      make("span", {class: "quiet"}, `cosine ${Number(hit.score).toFixed(3)}`)),
    make("div", {class: "text", dir: "auto"}, tools.rendered(hit.html)), hit.cut[1] ? make("span", {class: "quiet"}, "…") : null)))];
}

function factsOf(tools, told) {
  const {make, name, time, count, copyButton, commands} = tools;
  const row = (label, ...value) => [make("dt", {}, label), make("dd", {}, ...value)];
  const facts = [];
  if (told.failure) {
    const {error, attempts, next_try_seconds: next} = told.failure;
    const again = next === null ? "It is tried again once the file changes, or by `embedingest retry`."
      : `It was tried ${count(attempts, "time")}, and is tried again by itself.`;
    facts.push(make("div", {class: "failure"}, make("p", {}, told.chunks.length ? "What is shown is from before. The file as it is now could not be read: " : "This file could not be read: ", ...commands(tools.shownText(error))),
      make("p", {class: "remedy"}, ...commands(again))));
  }
  const list = [...row("Source", name(told.source, {class: "source"}))];
  if (told.path) list.push(...row("File", name(told.path, {class: "source"}), " ", copyButton(told.path, "Copy path")));
  if (told.mime) {
    list.push(...row("Type", typeName(told.mime)), ...row("Changed", time(told.modified_at)), ...row("In the table since", time(told.ingested_at)),
      ...row("Size", `${count(told.characters, "character")} in ${count(told.document.chunks[1] + 1, "chunk")}`));
  }
  if (told.notices.length) {
    list.push(...row("Left out or noticed", make("ul", {}, ...told.notices.map(notice => make("li", {}, `${tools.number(notice.count)} × ${notice.meaning}`)))));
  }
  const more = Object.entries(told.metadata ?? {}).filter(([key]) => !PARTS.includes(key));
  if (more.length) {
    list.push(...row("Metadata", make("details", {}, make("summary", {}, count(more.length, "entry", "entries")),
      make("ul", {}, ...more.map(([key, value]) => make("li", {}, name(key), ": ",
        make("bdi", {}, tools.shownText(typeof value === "string" ? value : JSON.stringify(value)))))))));
  }
  facts.push(make("dl", {class: "panel"}, ...list));
  if (!told.chunks.length && !told.failure) facts.push(make("p", {}, "Nothing of this document is in the table: there was no text in it."));
  return facts;
}

// The chunks in order with their texts, and the gaps between. Offsets count characters, where a script counts halves of some.
function pieces(told) {
  const found = [];
  let place = told.from ?? told.start_character;
  for (const chunk of told.chunks) {
    const gap = told.gaps.find(([, end]) => end === chunk.start);
    if (gap) found.push({start: gap[0], end: gap[1]});
    const end = Math.min(chunk.end, told.start_character + characters(told).length);
    const shared = place > chunk.start ? slice(told, chunk.start, Math.min(place, end)) : "";
    found.push({chunk, shared, text: slice(told, Math.max(chunk.start, Math.min(place, end)), end)});
    place = Math.max(place, end);
  }
  return found;
}

function slice(told, start, end) {
  return characters(told).slice(Math.max(0, start - told.start_character), Math.max(0, end - told.start_character)).join("");
}

function characters(told) {
  told.split ??= Array.from(told.text);
  return told.split;
}
