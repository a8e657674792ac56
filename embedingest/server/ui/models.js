// The models: which are in memory, how they compute and how well, until when they stay; and which could be loaded.

const REFRESH_MILLISECONDS = 5000;
const SECOND = 1000;
const FOREVER_SECONDS = 3e9;

// What the server's short words for arithmetic mean.
const PRECISIONS = {
  fp32: "fp32, full precision",
  bf16: "bf16, numbers of 16 bits",
  "bf16-linears": "bf16, numbers of 16 bits, in its large products",
  fp16: "fp16, numbers of 16 bits",
  float16: "fp16, numbers of 16 bits",
  bfloat16: "bf16, numbers of 16 bits",
  int8: "int8, weights of 8 bits",
};
const RUNTIMES = {openvino: "OpenVINO", torch: "torch"};

export default {
  name: "models",
  title: "Models",
  async show(body, parameters, tools) {
    const {make} = tools;
    const here = make("div", {class: "cards"});
    const noneHere = make("p", {class: "quiet"}, "No model is in memory: each is loaded when it is first asked for.");
    const rest = make("div");
    const wrong = make("div");
    body.append(make("section", {"aria-labelledby": "here"}, make("h2", {id: "here"}, "In memory"), wrong, noneHere, here),
      make("section", {"aria-labelledby": "rest"}, make("h2", {id: "rest"}, "Ready to be loaded"), rest));
    const cards = new Map();
    let known = [];

    // What is shown stays the same node as long as the model stays, so that nobody loses the focus.
    async function refresh() {
      const {models} = await tools.ask("api/ps");
      if (!tools.isShown()) return;
      for (const [name, card] of cards) {
        if (models.some(model => model.name === name)) continue;
        card.node.remove();
        cards.delete(name);
      }
      for (const model of models) {
        if (!cards.has(model.name)) {
          const card = cardOf(tools, model, unload);
          cards.set(model.name, card);
          here.append(card.node);
        }
        cards.get(model.name).update(model);
      }
      noneHere.hidden = cards.size > 0;
      rest.replaceChildren(restOf(tools, known.filter(model => !cards.has(model.name)), load));
    }

    async function everything() {
      known = distinct((await tools.ask("api/tags")).models);
      await refresh();
    }

    async function done(button, work, told) {
      button.disabled = true;
      try {
        await work();
        await everything();
        wrong.replaceChildren();
        tools.announce(told);
      } catch (error) {
        wrong.replaceChildren(tools.failure(error));
      }
      button.disabled = false;
    }

    function unload(button, name) {
      return done(button, () => tools.ask("api/generate", {model: name, keep_alive: 0}), `${name} has left memory`);
    }

    function load(button, name) {
      return done(button, () => tools.ask("api/embed", {model: name, input: []}), `${name} is in memory`);
    }

    await everything();
    const looking = setInterval(() => {
      refresh().then(() => wrong.replaceChildren(), error => wrong.replaceChildren(tools.failure(error)));
    }, REFRESH_MILLISECONDS);
    const ticking = setInterval(() => cards.forEach(card => card.tick()), SECOND);
    return () => { clearInterval(looking); clearInterval(ticking); };
  },
};

// One entry for each model: the other names that it goes by stand with it.
function distinct(models) {
  const byDigest = new Map();
  for (const model of models) {
    const key = model.digest || model.name;
    if (byDigest.has(key)) byDigest.get(key).also.push(model.name);
    else byDigest.set(key, {...model, also: []});
  }
  return [...byDigest.values()];
}

function cardOf(tools, model, unload) {
  const {make} = tools;
  const sentence = make("p");
  const facts = make("dl", {class: "facts"});
  const left = make("dd");
  const button = make("button", {type: "button", class: "quiet", "aria-label": `Unload ${tools.shownName(model.name)}`}, "Unload");
  button.addEventListener("click", () => unload(button, model.name));
  let until = NaN;
  const tick = () => { left.textContent = stays(until); };
  const node = make("article", {class: "panel model"},
    make("div", {class: "row spread"}, make("h3", {}, tools.name(model.name)), tools.may("control") ? button : null), sentence, facts);
  return {
    node,
    tick,
    update(now) {
      until = Date.parse(now.expires_at);
      sentence.replaceChildren(...tools.commands(computes(now.runtime ?? {})));
      facts.replaceChildren(
        fact(make, "In memory", bytes(tools, now.size)),
        fact(make, "Window", tools.count(now.context_length, "token")),
        fact(make, "Vectors", `${tools.number(now.details.embedding_length)} numbers`),
        fact(make, "Parameters", now.details.parameter_size),
        make("div", {}, make("dt", {}, "Leaves memory"), left));
      tick();
    },
  };
}

function fact(make, name, value) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, value));
}

// How a model computes, and how near that is to its own full precision.
export function computes(runtime) {
  const [name, version] = (runtime.runtime ?? "").split(" ");
  if (name === "hashing") return "Counts pieces of words. It knows no meaning: good for trying things out, not for searching.";
  if (name === "static") return "Looks its vectors up in a table and takes their mean: nothing is rounded.";
  if (!name) return "Its engine does not tell how it computes.";
  const by = [RUNTIMES[name] ?? name, version].filter(Boolean).join(" ");
  const where = runtime.device === "cpu" ? "the processor" : runtime.device ?? "its device";
  const first = `Computes in ${PRECISIONS[runtime.precision] ?? runtime.precision}, with ${by} on ${where}.`;
  if (runtime.precision === "int8") return `${first} Its vectors are of a class of their own and do not mix with exact ones.`;
  if (!runtime.cosine_mean) return first;
  const texts = runtime.cosine_texts ? `On ${runtime.cosine_texts} texts` : "On its probe texts";
  return `${first} ${texts} its vectors agreed with the exact ones to a mean cosine of ${figure(runtime.cosine_mean)}, `
    + `the least ${figure(runtime.cosine_least)} (1 is the same vector).`;
}

// Digits that say something: 0.999983 is not 1.
function figure(text) {
  const value = Number(text);
  return value === 1 ? "1" : value.toFixed(5);
}

function stays(until) {
  const seconds = Math.round((until - Date.now()) / SECOND);
  if (Number.isNaN(seconds)) return "not told";
  if (seconds > FOREVER_SECONDS) return "never by itself";
  if (seconds <= 0) return "about now";
  if (seconds < 90) return `in ${seconds} s without a request`;
  if (seconds < 5400) return `in ${Math.round(seconds / 60)} min without a request`;
  return `in ${Math.round(seconds / 3600)} h without a request`;
}

function bytes(tools, size) {
  if (!size) return "nothing";
  return size < 1e9 ? `${tools.number(Math.max(1, Math.round(size / 1e6)))} MB` : `${tools.number(size / 1e9, 1)} GB`;
}

function restOf(tools, models, load) {
  const {make} = tools;
  if (!models.length) return make("p", {class: "quiet"}, "There is no other model here. ", ...tools.commands("`embedingest models pull NAME` fetches one."));
  return make("ul", {class: "shelf"}, ...models.map(model => {
    const button = make("button", {type: "button", class: "quiet", "aria-label": `Load ${tools.shownName(model.name)}`}, "Load");
    button.addEventListener("click", () => load(button, model.name));
    const {context_length: window, embedding_length: width} = model.details;
    return make("li", {class: "row spread"},
      make("div", {},
        tools.name(model.name), ...model.also.map(also => make("span", {class: "quiet"}, ", also ", tools.name(also))),
        make("div", {class: "quiet small"}, `window of ${tools.count(window, "token")}, vectors of ${tools.number(width)} numbers, ${bytes(tools, model.size)} on disk`)),
      tools.may("embed") ? button : null);
  }));
}
