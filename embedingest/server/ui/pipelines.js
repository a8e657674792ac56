// What is followed, live: how each pipeline stands, what failed and why, what waits for a yes.

const POLL_MILLISECONDS = 5000;
const STREAM_AGAIN_MILLISECONDS = 30000;
const LOST_MILLISECONDS = 4000;
const CLOCK_MILLISECONDS = 5000;
const QUIET_MILLISECONDS = 5000;

const WORDS = {
  scan: "Looking through the folders",
  ingest: "Reading and embedding",
  tidy: "Tidying up the table",
};

export default {
  name: "pipelines",
  title: "Pipelines",
  needs: "control",
  show(body, parameters, tools) {
    const {make} = tools;
    const lost = make("p", {class: "notice", hidden: true});
    const none = make("p", {class: "quiet", hidden: true},
      ...tools.commands("No folder is followed here. `embedingest watch FOLDER --serve` follows one."));
    const place = make("div", {class: "pipelines"});
    body.append(lost, none, place);
    const sections = new Map();
    const said = herald(tools);

    function update({pipelines}) {
      none.hidden = pipelines.length > 0;
      for (const [name, section] of sections) {
        if (!pipelines.some(pipeline => pipeline.name === name)) {
          section.end();
          sections.delete(name);
          said(`${name} is followed no more`);
        }
      }
      pipelines.forEach((pipeline, index) => {
        let section = sections.get(pipeline.name);
        if (!section) {
          section = sectionOf(pipeline.name, tools, said);
          sections.set(pipeline.name, section);
        }
        if (place.children[index] !== section.node) place.insertBefore(section.node, place.children[index] ?? null);
        section.update(pipeline);
      });
    }

    const feed = follow(tools, update, text => {
      lost.replaceChildren(...tools.commands(text));
      lost.hidden = !text;
    });
    const clock = setInterval(() => sections.forEach(section => section.tick()), CLOCK_MILLISECONDS);
    return () => {
      feed.end();
      clearInterval(clock);
      said.end();
      sections.forEach(section => section.end());
    };
  },
};

// Hands each new state to `update`, and what is wrong with that to `trouble` (nothing: it works). A page in the
// background asks for nothing.
function follow(tools, update, trouble) {
  let source = null;
  let timer = 0;
  let streamAgain = 0;
  let losing = 0;

  // A stream that ends is opened anew within seconds, and only what takes longer is worth a word.
  function isLost() {
    losing ||= setTimeout(() => trouble("The server does not answer any more. As soon as it does, this page goes on."), LOST_MILLISECONDS);
  }

  function isFound() {
    clearTimeout(losing);
    losing = 0;
    trouble("");
  }

  function open() {
    close();
    streamAgain = Date.now() + STREAM_AGAIN_MILLISECONDS;
    source = new EventSource("ui/data/events");
    source.addEventListener("pipelines", event => {
      isFound();
      update(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) poll();
      else isLost();
    });
  }

  // Where there is no stream to be had: the server says why, and is asked now and then.
  async function poll() {
    close();
    try {
      update(await tools.ask("ui/data/pipelines"));
      trouble("");
    } catch (error) {
      trouble(error.message.replace(/\s*hint:\s*/, ". "));
    }
    if (!tools.isShown()) return;
    timer = setTimeout(() => (Date.now() >= streamAgain ? open() : poll()), POLL_MILLISECONDS);
  }

  function close() {
    clearTimeout(timer);
    clearTimeout(losing);
    losing = 0;
    source?.close();
    source = null;
  }

  const turn = () => (document.hidden ? close() : open());
  document.addEventListener("visibilitychange", turn);
  turn();
  return {
    end() {
      document.removeEventListener("visibilitychange", turn);
      close();
    },
  };
}

// Tells screen readers what happened, the latest of each pipeline, and not more often than they can say it.
function herald(tools) {
  let waiting = [];
  let timer = 0;
  let spokenAt = 0;
  const speak = () => {
    timer = 0;
    spokenAt = Date.now();
    tools.announce(waiting.join(". "));
    waiting = [];
  };
  const say = text => {
    waiting = [...waiting.filter(other => other !== text), text].slice(-3);
    if (!timer) timer = setTimeout(speak, Math.max(0, spokenAt + QUIET_MILLISECONDS - Date.now()));
  };
  say.end = () => clearTimeout(timer);
  return say;
}

function sectionOf(name, tools, said) {
  const {make} = tools;
  const title = make("h2", {id: `pipeline-${++sectionOf.count}`});
  const state = make("p", {class: "state"});
  const bar = make("progress", {max: "1"});
  const rate = make("p", {class: "quiet small"});
  const run = make("div", {class: "run", hidden: true}, bar, rate);
  const error = make("div", {class: "failure", hidden: true});
  const extras = make("div", {class: "notice", hidden: true});
  const facts = make("dl", {class: "figures"});
  const outcome = make("p", {class: "outcome small", hidden: true});
  const pause = make("button", {type: "button", class: "quiet"});
  const deletions = deletionsOf(tools, act);
  const failures = failuresOf(tools, act);
  const node = make("section", {class: "panel pipeline", "aria-labelledby": title.id},
    make("div", {class: "row head"}, title, pause), state, run, outcome, error, extras, deletions.node, failures.node, facts);
  const keep = kept();
  let shown = null;
  pause.addEventListener("click", () => act(pause, shown?.paused_since || shown?.paused ? "resume" : "pause"));

  // Asks the pipeline for something, says so on the button's section, and afterwards what came of it.
  async function act(button, verb, what = {}) {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    const slow = setTimeout(() => tell("Asked: it is done as soon as what is under way has ended"), 1500);
    try {
      tell("");
      const answer = await tools.ask("ui/data/act", {pipeline: name, verb, ...what});
      tell(outcomeOf(verb, answer, tools));
    } catch (problem) {
      if (problem.name !== "AbortError") tell(problem.message, true);
    } finally {
      clearTimeout(slow);
      button.removeAttribute("aria-disabled");
    }
  }

  function tell(text, isBad = false) {
    const [what, ...hints] = text.split(/\n\s*hint:\s*/);
    outcome.replaceChildren(...tools.commands(tools.shownName([what, ...hints].join("; "))));
    outcome.classList.toggle("bad", isBad);
    outcome.hidden = !text;
    if (text) said(text);
  }

  function update(pipeline) {
    const heading = titleOf(pipeline);
    if (keep("title", heading)) title.replaceChildren(tools.name(heading));
    const words = stateOf(pipeline);
    if (keep("state", [pipeline.state, words, needsSomebody(pipeline)])) {
      state.dataset.state = pipeline.state === "at rest" && needsSomebody(pipeline) ? "needs you" : pipeline.state;
      state.replaceChildren(...tools.commands(words));
    }
    if (shown) tellChanges(shown, pipeline, heading, said, tools);
    run.hidden = !pipeline.run;
    if (pipeline.run) {
      bar.value = pipeline.run.share;
      bar.setAttribute("aria-label", `Done of ${tools.shownName(heading)}`);
      rate.textContent = rateOf(pipeline.run, !!pipeline.paused_since, tools);
    }
    if (keep("pause", [pipeline.is_followed, !!(pipeline.paused_since || pipeline.paused)])) {
      pause.hidden = !pipeline.is_followed;
      pause.textContent = pipeline.paused_since || pipeline.paused ? "Resume" : "Pause";
      pause.setAttribute("aria-label", `${pause.textContent} ${tools.shownName(heading)}`);
    }
    if (keep("error", [pipeline.error, pipeline.journal_fault, pipeline.upkeep_trouble])) showErrors(pipeline);
    if (keep("extras", pipeline.extras)) showExtras(pipeline.extras);
    if (keep("deletions", [pipeline.pending_deletes, pipeline.is_followed, pipeline.paused_since, pipeline.paused])) deletions.update(pipeline);
    if (keep("failures", [pipeline.failures, pipeline.files.failed, pipeline.is_followed, pipeline.paused_since, pipeline.paused])) failures.update(pipeline);
    shown = pipeline;
    tick();
  }

  function showErrors({error: fault, journal_fault: journal, upkeep_trouble: upkeep}) {
    const lines = [];
    if (fault) lines.push(fault.message, fault.remedy);
    if (journal) lines.push(journal);
    if (upkeep) lines.push(`Upkeep of the table: ${upkeep}; it is tried again`);
    error.replaceChildren(...lines.filter(Boolean).map((line, index) =>
      make("p", {class: fault && index === 1 ? "remedy" : null}, ...tools.commands(tools.shownName(line)))));
    error.hidden = lines.length === 0;
  }

  function showExtras(packages) {
    const entries = Object.entries(packages);
    extras.hidden = entries.length === 0;
    extras.replaceChildren(...entries.map(([needed, files]) => make("p", {},
      `${tools.count(files, "file waits", "files wait")} for a package: `, make("code", {}, `pip install '${tools.shownName(needed)}'`),
      " installs it, and the next start reads them.")));
  }

  function tick() {
    if (!shown) return;
    const lines = factsOf(shown, tools);
    if (keep("facts", lines.map(([term, , text]) => [term, text])))
      facts.replaceChildren(...lines.flatMap(([term, value]) => [make("dt", {}, term), make("dd", {}, value)]));
  }

  return {node, update, tick, end: () => node.remove()};
}
sectionOf.count = 0;

// Whether a value is another than the last of this name. What has not changed is not written again: the focus stays,
// and nobody is read the same twice.
function kept() {
  const last = new Map();
  return (name, value) => {
    const text = JSON.stringify(value);
    if (last.get(name) === text) return false;
    last.set(name, text);
    return true;
  };
}

function titleOf({name, table}) {
  return name === "default" ? table.name : name;
}

function stateOf(pipeline) {
  const {state, run, error, paused, paused_since: since, schedule} = pipeline;
  if (state === "working") {
    if (since) return "Pausing: what is under way is being finished";
    return WORDS[run?.stage] ?? "Working";
  }
  if (state === "paused" && paused) return `Snapshot ${paused} was restored: nothing is followed until it is resumed`;
  if (state === "paused") return `Paused since ${new Date(since * 1000).toLocaleString(undefined, {dateStyle: "medium", timeStyle: "short"})}: what changes is read once it is resumed`;
  if (state === "failed") return error?.next_try ? "Stopped by an error, and tried again by itself" : "Stopped by an error";
  if (state === "not followed") return "Not followed now: `embedingest watch` keeps the table up to date";
  if (needsSomebody(pipeline)) return "Followed; something needs you";
  return schedule ? `Up to date as of its last run; the next comes by its schedule, \`${schedule}\`` : "Up to date, and every change is followed";
}

function needsSomebody({files, pending_deletes: pending, journal_fault: fault, upkeep_trouble: upkeep}) {
  return files.failed > 0 || pending.count > 0 || fault !== null || upkeep !== null;
}

function rateOf(run, pausing, tools) {
  if (run.stage === "scan") return "";
  const parts = [`${tools.number(run.done)} of ${tools.count(run.total, "file")}`];
  if (run.chunks_per_second) parts.push(`${tools.number(run.chunks_per_second, run.chunks_per_second < 10 ? 1 : 0)} chunks/s`);
  if (run.tokens_per_second) parts.push(`${tools.number(run.tokens_per_second)} tokens/s`);
  if (run.seconds_left !== null && !pausing) parts.push(`about ${duration(run.seconds_left)} left`);
  return parts.join(", ");
}

// Each fact: its term, what is shown, and the same as text.
function factsOf({files, freshness, last_commit: committed, table, folders}, tools) {
  const {make} = tools;
  const counts = [`${tools.number(files.done + files.unverified)} in the table`];
  if (files.waiting) counts.push(`${tools.number(files.waiting)} waiting`);
  if (files.failed) counts.push(`${tools.number(files.failed)} failed`);
  if (files.empty) counts.push(`${tools.number(files.empty)} empty`);
  if (files.skipped) counts.push(`${tools.number(files.skipped)} skipped`);
  const facts = [["Files", counts.join(", ")]];
  if (freshness) {
    const after = ` searchable ${duration(freshness.seconds, 1)} after it was saved, ${ago(freshness.at)}`;
    facts.push(["Last save", make("span", {}, tools.name(freshness.source), after), freshness.source + after]);
  }
  if (committed) facts.push(["Last commit", ago(committed)]);
  if ("rows" in table) {
    const bytes = table.bytes < 2 ** 20 ? `${tools.number(table.bytes / 2 ** 10)} KiB` : `${tools.number(table.bytes / 2 ** 20, 1)} MiB`;
    const size = `${tools.count(table.rows, "row")}, ${bytes}`;
    const rest = table.unindexed_rows ? `, ${tools.number(table.unindexed_rows)} not indexed yet` : "";
    facts.push(["Table", size + rest]);
  }
  if (folders.length) {
    const list = make("ul", {class: "plain"}, folders.map(folder => make("li", {}, tools.name(folder.path))));
    facts.push([folders.length === 1 ? "Folder" : "Folders", list, JSON.stringify(folders)]);
  }
  return facts.map(([term, value, text]) => [term, value, text ?? value]);
}

function tellChanges(before, now, heading, said, tools) {
  const name = tools.shownName(heading);
  if (before.state !== now.state) said(`${name}: ${stateOf(now).replaceAll("`", "")}`);
  if (now.files.failed > before.files.failed) said(`${name}: ${tools.count(now.files.failed, "file")} failed`);
  if (now.pending_deletes.count > before.pending_deletes.count)
    said(`${name}: ${tools.count(now.pending_deletes.count, "deletion waits", "deletions wait")} for a yes`);
}

function outcomeOf(verb, {files = {}, failures = []}, tools) {
  if (verb === "retry") {
    const read = (files.new ?? 0) + (files.changed ?? 0) + (files.moved ?? 0);
    if (files.failed) return `Tried again: ${tools.count(files.failed, "file still fails", "files still fail")}` + (failures[0] ? `: ${failures[0].error}` : "");
    return `Tried again: ${read ? `${tools.count(read, "file is", "files are")} in the table now` : "nothing fails any more"}`;
  }
  if (verb === "confirm") return `${tools.count(files.deleted ?? 0, "document is", "documents are")} deleted from the table`;
  return "";  // the state says it
}

// Deletions that wait. The first click asks, naming the count; the second says yes to exactly those that were shown.
function deletionsOf(tools, act) {
  const {make} = tools;
  const node = make("div", {class: "notice deletions", hidden: true});
  let current = null;

  function ask() {
    const {count, name} = current.pending_deletes;
    const yes = make("button", {type: "button", class: "danger"}, `Yes, delete ${tools.count(count, "document")}`);
    const no = make("button", {type: "button", class: "quiet"}, "Keep");
    yes.addEventListener("click", () => act(yes, "confirm", {pending: name}));
    no.addEventListener("click", () => { draw(); node.querySelector("button")?.focus(); });
    const row = node.querySelector(".choices");
    row.replaceChildren(yes, no);
    yes.focus();
  }

  function draw() {
    const {pending_deletes: pending, is_followed: followed, paused_since: since, paused} = current;
    node.hidden = pending.count === 0;
    if (node.hidden) return node.replaceChildren();
    const first = make("button", {type: "button", class: "danger"}, `Delete ${tools.count(pending.count, "document")}…`);
    first.addEventListener("click", ask);
    const more = pending.count - pending.sources.length;
    const list = make("ul", {class: "plain"}, pending.sources.map(source => make("li", {}, tools.name(source))),
      more > 0 ? make("li", {class: "quiet"}, `and ${tools.number(more)} more`) : null);
    const why = "Their files are gone, so many at once or with their folder that nothing is deleted before somebody says yes. If the files come back, nothing happens.";
    const can = followed && !since && !paused;
    node.replaceChildren(
      make("h3", {}, `${tools.count(pending.count, "deletion waits", "deletions wait")} for a yes`), make("p", {}, why),
      make("details", {}, make("summary", {}, "Which"), list),
      can ? make("div", {class: "row choices"}, first)
        : make("p", {class: "quiet"}, ...tools.commands(followed ? "Resume it to decide." : "`embedingest confirm` deletes them.")));
  }

  return {node, update(pipeline) { current = pipeline; draw(); }};
}

function failuresOf(tools, act) {
  const {make} = tools;
  const node = make("div", {class: "failed", hidden: true});

  function update({failures, files, is_followed: followed, paused_since: since, paused}) {
    // Those that wait for a package have their line above.
    const listed = failures.filter(failure => failure.code !== "missing_extra");
    const focused = document.activeElement?.closest?.("li[data-source]")?.dataset.source;
    node.hidden = listed.length === 0;
    const can = followed && !since && !paused;
    const all = make("button", {type: "button", class: "quiet"}, "Try all again");
    all.addEventListener("click", () => act(all, "retry"));
    const more = files.failed - failures.length;
    node.replaceChildren(
      make("div", {class: "row"}, make("h3", {}, `${tools.count(files.failed, "file")} failed`), can && files.failed > 1 ? all : null),
      make("ul", {class: "plain"}, listed.map(failure => failureOf(failure, can))),
      more > 0 ? make("p", {class: "quiet"}, ...tools.commands(`and ${tools.number(more)} more; \`embedingest status\` lists all`)) : "");
    if (focused !== undefined) [...node.querySelectorAll("li[data-source]")].find(item => item.dataset.source === focused)?.querySelector("button")?.focus();
  }

  function failureOf({source, error, next_try: next}, can) {
    const again = make("button", {type: "button", class: "quiet", "aria-label": `Try ${tools.shownName(source)} again`}, "Try again");
    again.addEventListener("click", () => act(again, "retry", {sources: [source]}));
    const [what, ...hints] = (error.startsWith(`${source} `) ? `It${error.slice(source.length)}` : error).split(/\n\s*hint:\s*/);
    const when = next ? `It is tried again by itself at ${new Date(next * 1000).toLocaleTimeString()}.`
      : "It is tried again once the file changes.";
    return make("li", {data: {source}},
      make("div", {class: "row"}, make("strong", {}, tools.name(source)), can ? again : null),
      make("p", {class: "small"}, ...tools.commands(tools.shownName(what))),
      ...hints.map(hint => make("p", {class: "small remedy"}, ...tools.commands(tools.shownName(hint)))),
      make("p", {class: "small quiet"}, when));
  }

  return {node, update};
}

function duration(seconds, digits = 0) {
  if (seconds < 10) return `${seconds.toFixed(digits)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86400)} days`;
}

function ago(at) {
  const seconds = Math.max(0, Date.now() / 1000 - at);
  return seconds < 10 ? "just now" : `${duration(seconds)} ago`;
}
