// Search as one types: results by document, and what one may narrow them by.

import {placeOf, scoreWords, typeName} from "./words.js";

const WAIT_MILLISECONDS = 160;
const SHOWN_HITS = 3; // of a document, at first
const LONGEST_ADDRESS = 1000; // characters of a question that go into the address of the page
const FIRST_RETRY_SECONDS = 2;
const LONGEST_RETRY_SECONDS = 30;
const AS_FOUND = "-";  // no model has this name
const MODES = [["hybrid", "Meaning and words"], ["vector", "Meaning alone"], ["text", "Words alone"]];
const UNITS = [["chunk", "Chunks"], ["section", "Sections"], ["document", "Documents"]];
const MODES_BESIDE = {sparse: ["sparse", "Weighted terms alone"], late: ["late", "Token by token"]};

export default {
  name: "search",
  title: "Search",
  needs: "search",
  show(body, parameters, tools) {
    const view = new Search(body, parameters, tools);
    view.begin();
    return () => view.end();
  },
};

class Search {
  constructor(body, parameters, tools) {
    this.tools = tools;
    this.timer = 0;
    this.asked = null;
    this.failures = 0;
    const {make} = tools;
    this.query = make("input", {type: "search", id: "query", autocomplete: "off", spellcheck: "false", enterkeyhint: "search",
      "aria-describedby": "told"});
    this.mode = choice(tools, "mode", MODES, parameters.mode);
    this.folder = choice(tools, "folder", [["", "All folders"]], parameters.folder);
    this.type = choice(tools, "type", [["", "All types"]], parameters.type);
    this.rerank = choice(tools, "rerank", [["", "As found"]], parameters.rerank);
    this.reranking = field(tools, "Order", this.rerank);
    this.reranking.hidden = !parameters.rerank;
    this.unit = choice(tools, "as", UNITS, parameters.as);
    this.since = make("input", {type: "date", id: "since"});
    this.until = make("input", {type: "date", id: "until"});
    this.query.value = parameters.q ?? "";
    this.since.value = parameters.since ?? "";
    this.until.value = parameters.until ?? "";
    this.told = make("p", {id: "told", class: "quiet small"});
    this.results = make("div", {class: "results", "aria-busy": "false"});
    this.form = make("form", {role: "search", class: "search"},
      make("div", {class: "stack"}, make("label", {for: "query"}, "What are you looking for?"), this.query),
      make("div", {class: "narrow"}, field(tools, "Search by", this.mode), this.reranking, field(tools, "Folder", this.folder),
        field(tools, "Type", this.type), field(tools, "Changed since", this.since), field(tools, "Changed until", this.until),
        field(tools, "Show", this.unit)));
    body.append(this.form, this.told, this.results);
  }

  begin() {
    this.query.addEventListener("input", () => this.soon());
    this.form.addEventListener("change", event => { if (event.target !== this.query) this.now(); });
    this.form.addEventListener("submit", event => { event.preventDefault(); this.now(); });
    this.fillChoices();
    this.fillRerankers();
    if (this.query.value) this.now();
    this.query.focus({preventScroll: true});
  }

  end() {
    clearTimeout(this.timer);
    this.asked?.abort();
  }

  // Which folders and types there are. Search works without, so that a failure is told by the search itself.
  async fillChoices() {
    try {
      const {folders, types, columns} = await this.tools.ask("ui/data/facets");
      if (!this.tools.isShown()) return;
      more(this.tools, this.mode, [...MODES.slice(1), ...columns.map(column => MODES_BESIDE[column])]);
      more(this.tools, this.folder, folders.map(({name, documents}) => [name, `${indented(name)} (${documents})`]));
      more(this.tools, this.type, types.map(({name, documents}) => [name, `${typeName(name)} (${documents})`]));
      if (!this.query.value && !this.results.children.length) this.welcome(types);
    } catch (error) {
      if (!this.query.value && this.tools.isShown()) this.results.replaceChildren(this.tools.failure(error));
    }
  }

  // Who may order the results: nothing to choose where there is no reranker.
  async fillRerankers() {
    try {
      const {rerankers, usual} = await this.tools.ask("ui/data/rerankers");
      if (!this.tools.isShown()) return;
      const chosen = this.rerank.value;
      const options = usual ? [["", `By ${plainName(usual)}`], [AS_FOUND, "As found"]] : [["", "As found"]];
      const others = [...rerankers, ...(chosen && chosen !== AS_FOUND ? [chosen] : [])].map(plainName);
      for (const name of new Set(others)) if (name !== plainName(usual ?? "")) options.push([name, `By ${name}`]);
      this.rerank.replaceChildren(...options.map(([value, text]) => this.tools.make("option", {value}, this.tools.shownName(text))));
      this.rerank.value = options.some(([value]) => value === chosen) ? chosen : "";
      this.reranking.hidden = this.rerank.options.length < 2;
    } catch {
      // What is wrong is told by the search itself.
    }
  }

  welcome(types) {
    const {make, count, commands} = this.tools;
    const documents = types.reduce((sum, type) => sum + type.documents, 0);
    const sentence = documents ? `${count(documents, "document")} to search. Results come as you type.`
      : "The table is empty so far: `embedingest watch FOLDER` fills it.";
    this.told.replaceChildren(...commands(sentence));
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), WAIT_MILLISECONDS);
  }

  now() {
    clearTimeout(this.timer);
    this.failures = 0;
    this.answer();
  }

  wanted() {
    const wanted = {query: this.query.value, mode: this.mode.value};
    if (this.rerank.value) wanted.rerank = this.rerank.value === AS_FOUND ? false : this.rerank.value;
    if (this.unit.value !== UNITS[0][0]) wanted.as = this.unit.value;
    if (this.folder.value) wanted.folder = this.folder.value;
    if (this.type.value) wanted.type = this.type.value;
    if (this.since.value) wanted.since = midnight(this.since.value, 0);
    if (this.until.value) wanted.before = midnight(this.until.value, 1);
    return wanted;
  }

  // Asks, and shows the answer unless a newer question was asked meanwhile; the older one is given up at once.
  async answer() {
    this.asked?.abort();
    const mine = this.asked = new AbortController();
    const wanted = this.wanted();
    this.remember();
    if (!wanted.query.trim()) {
      this.results.replaceChildren();
      this.told.textContent = "";
      return;
    }
    this.results.setAttribute("aria-busy", "true");
    try {
      const found = await this.tools.ask("ui/data/search", wanted, {signal: mine.signal});
      if (mine !== this.asked) return;
      this.failures = 0;
      this.tell(found);
    } catch (error) {
      if (error.name === "AbortError" || mine !== this.asked) return;
      this.fail(error);
    }
    this.results.setAttribute("aria-busy", "false");
  }

  remember() {
    const q = this.query.value.length > LONGEST_ADDRESS ? "" : this.query.value;
    const mode = this.mode.value === MODES[0][0] ? "" : this.mode.value;
    const as = this.unit.value === UNITS[0][0] ? "" : this.unit.value;
    this.tools.go("search", {q, mode, rerank: this.rerank.value, folder: this.folder.value, type: this.type.value, since: this.since.value,
      until: this.until.value, as}, {replace: true});
  }

  tell(found) {
    const {make, count, announce, number} = this.tools;
    const hits = found.groups.reduce((sum, group) => sum + group.hits.length, 0);
    const what = hits ? `${count(hits, found.as ?? "chunk")} in ${count(found.groups.length, "document")}` : "Nothing found";
    const within = found.filtered ? ", within what your key may see" : "";
    const map = hits && this.query.value.length <= LONGEST_ADDRESS
      ? [" ", make("a", {href: this.tools.link("map", {q: this.query.value})}, "Show on the map")] : [];
    const by = found.rerank?.candidates ? `, the first ${found.rerank.candidates} in the order of ${this.tools.shownName(plainName(found.rerank.model))}` : "";
    this.told.replaceChildren(`${what}${within}${by}, ${number(found.seconds * 1000)} ms`, ...map);
    announce(what);
    const note = found.note ? [make("p", {class: "notice"}, found.note)] : [];
    const none = hits ? [] : [make("p", {}, this.wayOut())];
    this.results.replaceChildren(...note, ...none, ...found.groups.map(group => groupOf(this.tools, group, found.mode)));
  }

  // What may find more, where nothing was found.
  wayOut() {
    const {since, until} = this;
    if (since.value && until.value && since.value > until.value) return "Nothing changed since a day that is later than the last one: turn the dates round.";
    const narrowed = [this.folder, this.type, since, until].some(field => field.value);
    if (narrowed) return "Nothing answers this in what is chosen above. All folders, all types and no dates may find more.";
    return "Nothing answers this. Fewer or other words, or a search by meaning, may find more.";
  }

  // A table may be in the making, or the server be started anew: it is tried again for as long as one waits.
  fail(error) {
    const failure = this.tools.failure(error);
    if (this.tools.isPassing(error) || error.status === 404) {
      const seconds = Math.min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** this.failures);
      this.failures += 1;
      failure.append(this.tools.make("p", {class: "small"}, `It is tried again in ${seconds} seconds.`));
      this.timer = setTimeout(() => this.answer(), seconds * 1000);
    }
    this.told.textContent = "";
    this.results.replaceChildren(failure);
  }
}

function groupOf(tools, group, mode) {
  const {make, link, name, time, copyButton} = tools;
  const first = link("document", {source: group.source, chunk: group.hits[0].id});
  return make("article", {class: "group"},
    make("h2", {}, make("a", {href: first}, name(group.title || lastName(group.source)))),
    make("p", {class: "row small quiet"}, name(group.source, {class: "source"}), make("span", {}, typeName(group.mime)),
      make("span", {}, "changed ", time(group.modified_at)),
      group.path ? copyButton(group.path, "Copy path") : null),
    ...group.hits.slice(0, SHOWN_HITS).map(hit => hitOf(tools, group, hit, mode)), moreOf(tools, group, mode));
}

// The further hits of a document, which would push the other documents away.
function moreOf(tools, group, mode) {
  const hits = group.hits.slice(SHOWN_HITS);
  if (!hits.length) return null;
  const details = tools.make("details", {class: "more"}, tools.make("summary", {}, `${tools.count(hits.length, hits[0].pieces ? "more section" : "more chunk")} of this document`));
  details.addEventListener("toggle", () => details.append(...hits.map(hit => hitOf(tools, group, hit, mode))), {once: true});
  return details;
}

function hitOf(tools, group, hit, mode) {
  const {make, link, name} = tools;
  const before = make("div", {class: "neighbours"});
  const after = make("div", {class: "neighbours"});
  const text = make("div", {class: "text", dir: "auto"}, ...(hit.pieces ? piecesOf(tools, hit) : [tools.rendered(hit.html)]));
  const place = make("a", {href: link("document", {source: group.source, chunk: hit.id})}, placeOf(hit));
  const headings = hit.heading_path.map(tools.shownName).join(" › ");
  const alone = hit.pieces || (hit.chunk_count <= 1 && !hit.cut.includes(true));
  return make("section", {class: "hit", "aria-label": `${tools.shownName(lastName(group.source))}, ${placeOf(hit)}`},
    before, make("p", {class: "row small"}, place, headings ? make("bdi", {class: "quiet"}, headings) : null),
    hit.pieces ? text : shown(tools, hit, text), after,
    make("div", {class: "row small"}, alone ? null : around(tools, group.source, hit, before, text, after), scoreOf(tools, hit, mode)),
    hit.places.length ? make("details", {class: "small"}, make("summary", {}, `The same text stands in ${tools.count(hit.places.length, "more document")}`),
      make("ul", {}, ...hit.places.map(source => make("li", {}, make("a", {href: link("document", {source})}, name(source)))))) : null);
}

// A section or a document: what was found in it is told apart from what stands around it.
function piecesOf(tools, hit) {
  const {make} = tools;
  const pieces = hit.pieces.map(piece => make("div", {class: piece.found ? "found" : "around"}, tools.rendered(piece.html)));
  const cut = `This is a part of it, ${tools.number(hit.tokens)} tokens around what was found. The document has all.`;
  return hit.truncated ? [...pieces, make("p", {class: "small quiet"}, cut)] : pieces;
}

function shown(tools, hit, text) {
  const [before, after] = hit.cut;
  const cut = tools.make("span", {class: "quiet"}, "…");
  return tools.make("div", {}, before ? cut.cloneNode(true) : null, text, after ? cut : null);
}

function scoreOf(tools, hit, mode) {
  const {make} = tools;
  return make("details", {class: "score"}, make("summary", {}, `Why: ${Number(hit.score).toFixed(mode === "hybrid" ? 4 : 3)}`),
    make("ul", {}, ...scoreWords(mode, hit.score, hit.explain).map(sentence => make("li", {}, sentence))));
}

// What stands before and behind a hit, and the whole of it, once it is asked for.
function around(tools, source, hit, before, text, after) {
  const button = tools.make("button", {type: "button", class: "quiet"}, "Read around it");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const first = Math.max(0, hit.chunk_index - 1);
      const {chunks} = await tools.ask("ui/data/chunks", {source, first, last: hit.chunk_index + 1});
      for (const chunk of chunks) {
        const place = chunk.chunk_index < hit.chunk_index ? before : chunk.chunk_index > hit.chunk_index ? after : null;
        if (place) place.replaceChildren(tools.make("p", {class: "small quiet"}, placeOf(chunk)), tools.make("div", {class: "text", dir: "auto"}, tools.rendered(chunk.html)));
        else if (hit.cut.includes(true)) text.replaceChildren(tools.rendered(chunk.html));
      }
      button.remove();
      tools.announce("What stands around it is shown");
    } catch (error) {
      button.replaceWith(tools.failure(error));
    }
  });
  return button;
}

function choice(tools, id, options, value) {
  const select = tools.make("select", {id}, ...options.map(([name, text]) => tools.make("option", {value: name}, text)));
  if (value && !options.some(([name]) => name === value)) select.append(tools.make("option", {value}, tools.shownName(value)));
  if (value) select.value = value;
  return select;
}

function more(tools, select, options) {
  const chosen = select.value;
  const first = select.options[0];
  select.replaceChildren(first, ...options.map(([name, text]) => tools.make("option", {value: name}, tools.shownName(text))));
  if (chosen && !options.some(([name]) => name === chosen)) select.append(tools.make("option", {value: chosen}, tools.shownName(chosen)));
  select.value = chosen;
}

function field(tools, label, input) {
  return tools.make("div", {class: "stack"}, tools.make("label", {for: input.id}, label), input);
}

function plainName(model) {
  return model.replace(/:latest$/, "");
}

function indented(folder) {
  const names = folder.split("/").slice(0, -1);
  return "\u2003".repeat(names.length - 1) + names.at(-1);
}

function lastName(source) {
  return source.split("/").at(-1) || source;
}

// The beginning of a day here, as many days later.
function midnight(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
