// How near texts are to each other, by the vectors of a model; or how well they answer the first, by a reranker.

const MOST_TEXTS = 40;
const MOST_LABEL = 160;  // characters of a text beside its row
const OF_COSINES = "The cosine of two texts' vectors is 1 where they point the same way. What counts as near differs from model to model: look at which pairs are nearer than others.";
const OF_SCORES = "The first line is the question, and every other is scored by how well it answers. What counts as good differs from reranker to reranker: look at the order.";
const EXAMPLE = ["The cat sleeps on the sofa.", "A kitten naps on the couch.", "Shares fell on Monday."];

export default {
  name: "compare",
  title: "Compare",
  needs: "embed",
  async show(body, parameters, tools) {
    const {make} = tools;
    const listed = await tools.ask("api/tags");
    const models = [...listed.models].sort((a, b) => reranks(a) - reranks(b));
    if (!models.length) {
      body.append(make("p", {}, ...tools.commands("There is no model here: `embedingest models pull NAME` fetches one.")));
      return undefined;
    }
    const texts = make("textarea", {id: "texts", rows: "6", "aria-describedby": "texts-hint", placeholder: EXAMPLE.join("\n")});
    // The server lists models that know meaning first.
    const model = make("select", {id: "model"}, ...models.map(each =>
      make("option", {value: each.name}, tools.shownName(each.name), reranks(each) ? " (reranker)" : "")));
    const rerankers = new Set(models.filter(reranks).map(({name}) => name));
    const about = make("p", {class: "quiet"});
    const tell = () => { about.textContent = rerankers.has(model.value) ? OF_SCORES : OF_COSINES; };
    model.addEventListener("change", tell);
    tell();
    const button = make("button", {}, "Compare");
    const result = make("div");
    const form = make("form", {class: "compare stack"},
      make("label", {for: "texts"}, "Texts, one a line"), texts,
      make("p", {id: "texts-hint", class: "quiet small"}, `Two at least, ${MOST_TEXTS} at most.`),
      make("div", {class: "row"}, make("label", {for: "model"}, "Model"), model, button));
    let asked = null;

    form.addEventListener("submit", async event => {
      event.preventDefault();
      asked?.abort();
      const mine = asked = new AbortController();
      const lines = texts.value.split("\n").map(line => line.trim()).filter(Boolean);
      const problem = lines.length < 2 ? "Write two texts at least, each on a line of its own."
        : lines.length > MOST_TEXTS ? `These are ${lines.length} texts, and ${MOST_TEXTS} are compared at most.` : "";
      if (problem) return result.replaceChildren(tools.failure(problem));
      button.disabled = true;
      try {
        const [cut, ...answer] = await (rerankers.has(model.value) ? scored : compared)(tools, model.value, lines, mine.signal);
        if (mine !== asked) return undefined;
        result.replaceChildren(...cutOff(tools, cut), ...answer);
      } catch (error) {
        if (error.name !== "AbortError") result.replaceChildren(tools.failure(error));
      }
      button.disabled = false;
      return undefined;
    });
    body.append(about, form, result);
    return () => asked?.abort();
  },
};

function reranks({capabilities}) {
  return Boolean(capabilities?.includes("rerank"));
}

// Each of these two gives what was cut off, and then what is shown.
async function compared(tools, model, input, signal) {
  const {embeddings, truncated} = await tools.ask("api/embed", {model, input}, {signal});
  return [truncated, ...nearness(tools, input, embeddings)];
}

async function scored(tools, model, lines, signal) {
  const {make} = tools;
  const [query, ...documents] = lines;
  const {results, truncated} = await tools.ask("api/rerank", {model, query, documents}, {signal});
  const best = `Number ${results[0].index + 2} answers it best, with a score of ${shown(results[0].relevance_score)}`;
  tools.announce(best);
  const rows = results.map(({index, relevance_score: score}) => make("tr", {},
    make("th", {scope: "row", class: "text"}, make("span", {class: "place"}, index + 2), " ", make("bdi", {}, tools.shownText(label(lines[index + 1])))),
    make("td", {class: "number"}, shown(score))));
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("th", {scope: "col"}, "Text"), make("th", {scope: "col", class: "number"}, "Score"))),
    make("tbody", {}, rows));
  return [truncated && {inputs: truncated.inputs.map(place => place + 1)}, make("p", {}, `${best}.`), table];
}

// Which texts were longer than the model reads: what follows in them counts for nothing.
function cutOff({make}, truncated) {
  if (!truncated) return [];
  const places = truncated.inputs.map(place => place + 1).join(", ");
  const what = truncated.inputs.length === 1 ? `Text ${places} is` : `Texts ${places} are`;
  return [make("p", {class: "failure", role: "alert"}, `${what} longer than this model reads: only the beginning is compared.`)];
}

function label(text) {
  return text.length <= MOST_LABEL ? text : `${text.slice(0, MOST_LABEL).replace(/\s+\S*$/, "")} \u2026`;
}

function cosine(one, other) {
  let product = 0, first = 0, second = 0;
  for (let d = 0; d < one.length; d++) {
    product += one[d] * other[d];
    first += one[d] * one[d];
    second += other[d] * other[d];
  }
  const lengths = Math.sqrt(first * second);
  return lengths ? product / lengths : 0;
}

// The table, shaded between the least and the greatest cosine of two different lines, and its nearest pair in words.
function nearness(tools, lines, embeddings) {
  const {make} = tools;
  const values = embeddings.map(one => embeddings.map(other => cosine(one, other)));
  const pairs = [];
  values.forEach((row, i) => row.forEach((value, j) => { if (i < j) pairs.push({i, j, value}); }));
  pairs.sort((a, b) => b.value - a.value);
  const [most, least] = [pairs[0].value, pairs.at(-1).value];
  const share = value => most - least > 1e-6 ? (value - least) / (most - least) : 1;
  const rows = values.map((row, i) => make("tr", {},
    make("th", {scope: "row", class: "text"}, make("span", {class: "place"}, i + 1), " ", make("bdi", {}, tools.shownText(label(lines[i])))),
    row.map((value, j) => cell(tools, value, i === j, share(value)))));
  const heads = lines.map((line, i) => make("th", {scope: "col", class: "number", title: tools.shownText(label(line))}, i + 1));
  const {i, j, value} = pairs[0];
  const nearest = `Nearest are ${i + 1} and ${j + 1}, with a cosine of ${shown(value)}`;
  tools.announce(nearest);
  return [
    make("p", {class: "row"}, make("span", {}, `${nearest}.`), scale(tools, least, most)),
    make("div", {class: "wide", tabindex: "0", role: "region", "aria-label": "Cosines"},
      make("table", {class: "cosines"}, make("thead", {}, make("tr", {}, make("td"), heads)), make("tbody", {}, rows))),
  ];
}

function cell({make}, value, isItself, share) {
  if (isItself) return make("td", {class: "number itself", title: "the text itself"}, shown(value));
  const node = make("td", {class: "number shaded"}, shown(value));
  node.style.setProperty("--share", `${Math.round(100 * share)}%`);
  return node;
}

function scale({make}, least, most) {
  return make("span", {class: "scale small quiet"}, shown(least), make("span", {class: "ramp", "aria-hidden": "true"}), shown(most));
}

function shown(value) {
  return (Math.abs(value) < 0.0005 ? 0 : value).toFixed(3).replace("-", "\u2212");
}
