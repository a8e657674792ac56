// The vectors of the table in two dimensions: what lies together, and where the hits of a search are.

import {Plot, drawMark} from "./plot.js";
import {placeOf, typeName} from "./words.js";

const GROUPS = 7; // drawn in a mark of their own; all others share one
const OTHERS = GROUPS;
const NEAR = 12;
const MOST_HITS = 20;
const WAIT_MILLISECONDS = 250;
const DRAWING_MILLISECONDS = 500;
const LOOK_AGAIN_MILLISECONDS = 15000;
const FAILED_MILLISECONDS = 5000;
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const WORDS = 160;
const VERBATIM = /^text\/(plain|x-|csv|tab|calendar|vcard)|^application\/(x-)?(json|ndjson|yaml|toml|xml)$/; // as `server/render.py` has it

export default {
  name: "map",
  title: "Map",
  needs: "search",
  show(body, parameters, tools) {
    const view = new MapView(body, parameters, tools);
    view.begin();
    return () => view.end();
  },
};

class MapView {
  constructor(body, parameters, tools) {
    this.tools = tools;
    this.parameters = parameters;
    this.drawn = null;
    this.byId = new Map();
    this.ended = false;
    const {make} = tools;
    this.told = make("p", {class: "quiet"}, "The map is being drawn.");
    this.wrong = make("div");
    this.query = make("input", {type: "search", id: "map-query", autocomplete: "off", enterkeyhint: "search"});
    this.query.value = parameters.q ?? "";
    this.colour = make("select", {id: "map-colour"}, make("option", {value: "folder"}, "Folder"), make("option", {value: "type"}, "Type"));
    this.colour.value = parameters.by === "type" ? "type" : "folder";
    this.canvas = make("canvas", {class: "map", tabindex: "0", role: "application", "aria-roledescription": "map",
      "aria-label": "Map of the table", "aria-describedby": "map-keys"});
    this.legend = make("fieldset", {class: "legend"});
    this.reading = make("div", {class: "reading panel"}, this.hint());
    this.list = make("ol", {class: "beside"});
    this.listTitle = make("h2", {}, "Near the middle");
    this.form = make("form", {class: "over", role: "search"},
      make("div", {class: "stack grow"}, make("label", {for: "map-query"}, "Show a search on the map"), this.query),
      make("div", {class: "stack"}, make("label", {for: "map-colour"}, "Marks by"), this.colour));
    const zooms = make("div", {class: "zooms", role: "group", "aria-label": "Size"},
      this.zoom("Larger", "+", () => this.plot.enlarge(2)), this.zoom("Smaller", "\u2212", () => this.plot.enlarge(0.5)),
      this.zoom("The whole map", "1:1", () => this.plot.enlarge(0)));
    this.whole = make("div", {hidden: true}, this.form,
      make("p", {id: "map-keys", class: "unseen"}, "Arrow keys go from point to point, Enter opens the document, Escape lets go."),
      make("div", {class: "sheet"}, this.canvas, zooms), this.reading, this.legend, this.listTitle, this.list);
    body.append(this.told, this.wrong, this.whole);
    this.plot = new Plot(this.canvas);
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.themed = () => this.legend.querySelectorAll("canvas").forEach(drawSwatch);
  }

  begin() {
    this.listen();
    this.look();
    this.looking = setInterval(() => { if (!document.hidden) this.look(); }, LOOK_AGAIN_MILLISECONDS);
  }

  end() {
    this.ended = true;
    clearInterval(this.looking);
    clearTimeout(this.again);
    clearTimeout(this.timer);
    this.asked?.abort();
    this.theme.removeEventListener("change", this.themed);
    this.plot.end();
  }

  zoom(label, sign, action) {
    return this.tools.make("button", {type: "button", class: "quiet", "aria-label": label, title: label, on: {click: action}}, sign);
  }

  hint() {
    return this.tools.make("p", {class: "quiet"}, "Point at a mark to read it; a click opens its document.");
  }

  listen() {
    const {canvas, plot} = this;
    this.theme.addEventListener("change", this.themed);
    this.form.addEventListener("submit", event => { event.preventDefault(); this.search(); });
    this.query.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.search(), WAIT_MILLISECONDS); });
    this.colour.addEventListener("change", () => { this.plot.hidden.clear(); this.group(); this.keepAddress(); });
    canvas.addEventListener("pointermove", event => this.pointed(event));
    canvas.addEventListener("pointerdown", event => { this.pressed = {x: event.offsetX, y: event.offsetY, moved: false}; });
    canvas.addEventListener("pointerup", event => this.released(event));
    canvas.addEventListener("pointerleave", () => { this.pressed = null; });
    canvas.addEventListener("keydown", event => {
      if (event.key in ARROWS) {
        const point = plot.towards(...ARROWS[event.key]);
        if (point) { plot.reveal(point); this.read(point, {aloud: true}); }
      } else if (event.key === "Enter" && plot.current) this.open(plot.current);
      else if (event.key === "Escape" && plot.current) this.read(null);
      else return;
      event.preventDefault();
    });
  }

  pointed(event) {
    if (this.pressed && event.buttons && this.plot.zoom > 1) {
      const [dx, dy] = [event.offsetX - this.pressed.x, event.offsetY - this.pressed.y];
      if (this.pressed.moved || Math.hypot(dx, dy) > 4) {
        this.plot.move(dx, dy);
        this.pressed = {x: event.offsetX, y: event.offsetY, moved: true};
      }
      return;
    }
    const point = this.plot.at(event.offsetX, event.offsetY);
    this.canvas.classList.toggle("on-point", Boolean(point));
    if (point && point !== this.plot.current) this.read(point);
  }

  // A finger reads first, and opens what it touches again.
  released(event) {
    const wasMoved = this.pressed?.moved;
    this.pressed = null;
    const point = wasMoved ? null : this.plot.at(event.offsetX, event.offsetY);
    if (!point) return;
    const isRead = this.plot.current === point && (event.pointerType === "mouse" || this.touched === point);
    this.touched = point;
    if (isRead) this.open(point);
    else this.read(point, {aloud: true});
  }

  async look() {
    clearTimeout(this.again);
    let next = 0;
    try {
      const found = await this.tools.ask("ui/data/map");
      if (this.ended) return;
      this.wrong.replaceChildren();
      if (found.state === "drawing" || found.stale) next = DRAWING_MILLISECONDS;
      if (found.state === "drawn" && found.map !== this.drawn?.map) this.take(found);
    } catch (error) {
      if (this.ended || error.name === "AbortError") return;
      this.wrong.replaceChildren(this.tools.failure(error));
      if (!this.drawn) this.told.hidden = true;
      if (error.status !== 401 && error.status !== 403 && error.status !== 404) next = FAILED_MILLISECONDS;
    }
    if (next) this.again = setTimeout(() => this.look(), next);
  }

  take(found) {
    const {points} = found;
    const chosen = this.plot.current?.id;
    this.drawn = found;
    this.points = points.id.map((id, i) => {
      const [source, title] = found.sources[points.source[i]];
      return {id, x: points.x[i], y: points.y[i], source, title, words: points.words[i], mime: found.types[points.type[i]],
        page: points.page[i], line_start: points.line[i], chunk_index: points.chunk[i], group: 0};
    });
    this.byId = new Map(this.points.map(point => [point.id, point]));
    this.plot.points = this.points;
    this.plot.current = this.byId.get(chosen) ?? null;
    this.told.hidden = false;
    this.told.replaceChildren(...this.tools.commands(this.summary(found)));
    this.whole.hidden = this.points.length === 0;
    this.group();
    this.search();
  }

  summary({chunks, shares, filtered}) {
    const {count, number} = this.tools;
    if (!chunks) return "The table is empty so far: `embedingest watch FOLDER` fills it.";
    const shown = this.points.length;
    const which = shown < chunks ? `A sample of ${number(shown)} of ${count(chunks, "chunk")}` : `${count(chunks, "chunk")}`;
    const whose = filtered ? " that you may see" : "";
    const held = shares[0] + shares[1];
    const spread = held ? ` These two directions hold ${number(100 * held, held < 0.1 ? 1 : 0)} % of how the vectors differ, so what lies together here may still be far apart.`
      : shown > 1 ? " Their vectors are all the same." : "";
    return `${which}${whose}, near each other where their vectors are.${spread}`;
  }

  group() {
    const name = this.colour.value === "type" ? point => typeName(point.mime) : folderNames(this.points);
    const counts = new Map();
    for (const point of this.points) counts.set(name(point), (counts.get(name(point)) ?? 0) + 1);
    const first = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, GROUPS);
    const places = new Map(first.map(([text], i) => [text, i]));
    this.groupOf = point => places.get(name(point)) ?? OTHERS;
    for (const point of [...this.points, ...this.plot.hits]) point.group = this.groupOf(point);
    const others = this.points.length - first.reduce((sum, [, number]) => sum + number, 0);
    this.showLegend(others ? [...first, ["all others", others]] : first);
    this.plot.draw();
    this.near();
  }

  showLegend(entries) {
    const {make, name, number} = this.tools;
    const title = this.colour.value === "type" ? "Types" : "Folders";
    this.legend.replaceChildren(make("legend", {}, `${title}: choose what is shown`), ...entries.map(([text, count], i) => {
      const group = text === "all others" && i === entries.length - 1 && i === GROUPS ? OTHERS : i;
      const box = make("input", {type: "checkbox", checked: !this.plot.hidden.has(group)});
      box.addEventListener("change", () => {
        this.plot.hidden[box.checked ? "delete" : "add"](group);
        this.plot.draw();
        this.near();
      });
      return make("label", {}, box, swatch(make, group), " ", name(text), make("span", {class: "quiet"}, ` ${number(count)}`));
    }));
    this.themed();
  }

  read(point, {aloud = false} = {}) {
    this.plot.current = point;
    this.plot.draw();
    if (!point) {
      this.reading.replaceChildren(this.hint());
      return this.near();
    }
    const {make, name, shownName, shownText} = this.tools;
    const title = point.title || point.source;
    const words = shownText(plainWords(point));
    this.reading.replaceChildren(...[
      make("p", {}, make("a", {href: this.address(point)}, name(title)), make("span", {class: "quiet"}, ` ${placeOf(point)}`)),
      point.title ? make("p", {class: "quiet small"}, name(point.source)) : null,
      make("p", {}, make("bdi", {}, words)),
    ].filter(Boolean));
    if (aloud) this.tools.announce(`${shownName(title)}, ${placeOf(point)}: ${cut(words)}`);
    clearTimeout(this.listing);
    this.listing = setTimeout(() => { if (!this.ended) this.near(); }, WAIT_MILLISECONDS);
  }

  address(point) {
    return this.tools.link("document", {source: point.source, chunk: point.id});
  }

  open(point) {
    this.tools.go("document", {source: point.source, chunk: point.id});
  }

  // The same in words: the hits of a search, else what lies next to the point that is read, else what is in the middle.
  near() {
    const {make, name, shownText} = this.tools;
    const {current, hits} = this.plot;
    const showsHits = hits.length > 0 && !current;
    const points = showsHits ? hits : this.plot.nearestTo(current ?? {x: 0, y: 0}, NEAR);
    this.listTitle.textContent = showsHits ? "Hits, best first" : current ? "Near it on the map" : "In the middle of the map";
    this.list.replaceChildren(...points.map(point => make("li", {},
      make("a", {href: this.address(point)}, name(point.title || point.source)), make("span", {class: "quiet"}, ` ${placeOf(point)} `),
      make("bdi", {class: "quiet small"}, cut(shownText(plainWords(point)))))));
  }

  keepAddress() {
    const by = this.colour.value === "type" ? "type" : "";
    this.tools.go("map", {q: this.query.value.trim(), by}, {replace: true});
  }

  async search() {
    clearTimeout(this.timer);
    if (!this.drawn) return;
    this.asked?.abort();
    const mine = this.asked = new AbortController();
    const query = this.query.value.trim();
    this.keepAddress();
    if (!query) return this.showHits([]);
    try {
      const {results} = await this.tools.ask("api/search", {query, limit: MOST_HITS}, {signal: mine.signal});
      const ids = results.map(hit => hit.id);
      const {places = {}} = ids.length ? await this.tools.ask("ui/data/map", {ids}, {signal: mine.signal}) : {};
      if (mine !== this.asked || this.ended) return;
      const hits = results.filter(hit => hit.id in places || this.byId.has(hit.id)).map(hit => this.byId.get(hit.id) ?? this.hitPoint(hit, places[hit.id]));
      this.wrong.replaceChildren();
      this.showHits(hits);
      this.tools.announce(hits.length ? `${this.tools.count(hits.length, "hit")} on the map` : "Nothing found");
    } catch (error) {
      if (error.name !== "AbortError" && !this.ended) this.wrong.replaceChildren(this.tools.failure(error));
    }
  }

  hitPoint(hit, [x, y]) {
    const point = {...hit, x, y, words: hit.text.replace(/\s+/g, " ").slice(0, 200)};
    return {...point, group: this.groupOf(point)};
  }

  showHits(hits) {
    this.plot.hits = hits;
    if (hits.length && !hits.includes(this.plot.current)) this.read(null);
    this.plot.draw();
    this.near();
  }
}

// The folder of a point, at the first level at which there is more than one.
function folderNames(points) {
  const parts = new Map(points.map(({source}) => [source, source.split("!/")[0].split("/").slice(0, -1)]));
  const at = (source, depth) => `${(parts.get(source) ?? source.split("!/")[0].split("/").slice(0, -1)).slice(0, depth).join("/")}/`;
  let depth = 1;
  const deepest = Math.max(1, ...[...parts.values()].map(folders => folders.length));
  while (depth < deepest && new Set([...parts.keys()].map(source => at(source, depth))).size < 2) depth++;
  return point => at(point.source, depth);
}

// The first words of a chunk as people read them: without what Markdown marks them up with.
function plainWords({words, mime}) {
  if (VERBATIM.test(mime)) return words;
  return words
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/(^|\s)(#{1,6}|[-*+>]|\|?[-:| ]*--+[-:| ]*)(?=\s|$)/g, "$1")
    .replace(/(\*\*|\*|`)(\S(?:.*?\S)?)\1/g, "$2")
    .replace(/(?<!\w)(__|_)(\S(?:.*?\S)?)\1(?!\w)/g, "$2")  // within a word it is a letter of it
    .replace(/\s*\|\s*/g, " ")
    .trim();
}

function cut(text) {
  return text.length <= WORDS ? text : `${text.slice(0, WORDS).replace(/\s+\S*$/, "")} \u2026`;
}

function swatch(make, group) {
  return make("canvas", {class: "swatch", width: 32, height: 32, "aria-hidden": "true", data: {group}});
}

function drawSwatch(canvas) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const colour = getComputedStyle(canvas).getPropertyValue(`--group-${canvas.dataset.group}`).trim();
  drawMark(context, Number(canvas.dataset.group), 16, 16, 9, colour);
}
