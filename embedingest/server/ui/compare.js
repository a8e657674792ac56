// How near texts are to each other, by the vectors of a model.

export default {
  name: "compare",
  title: "Compare",
  async show(body, parameters, tools) {
    const {make} = tools;
    const {models} = await tools.ask("api/tags");
    // One that only counts letters says nothing of meaning.
    const names = models.map(model => model.name).sort((a, b) => a.startsWith("hashing") - b.startsWith("hashing"));
    const texts = make("textarea", {id: "texts", rows: "5"});
    const model = make("select", {id: "model"}, ...names.map(name => make("option", {}, name)));
    const result = make("div");
    const form = make("form", {class: "stack"},
      make("label", {for: "texts"}, "Texts, one a line"), texts,
      make("label", {for: "model"}, "Model"), model,
      make("p", {}, make("button", {}, "Compare")));
    form.addEventListener("submit", async event => {
      event.preventDefault();
      const lines = texts.value.split("\n").map(line => line.trim()).filter(Boolean);
      try {
        const {embeddings} = await tools.ask("api/embed", {model: model.value, input: lines});
        result.replaceChildren(nearness(tools, lines, embeddings));
        tools.announce("Compared");
      } catch (error) {
        result.replaceChildren(tools.failure(error));
      }
    });
    body.append(form, result);
  },
};

function nearness({make}, lines, embeddings) {
  const cosine = (one, other) => one.reduce((sum, value, d) => sum + value * other[d], 0).toFixed(3);
  return make("div", {class: "wide", tabindex: "0", role: "region", "aria-label": "Cosines"}, make("table", {},
    make("tbody", {}, ...lines.map((line, i) => make("tr", {}, make("th", {scope: "row"}, line),
      ...embeddings.map(other => make("td", {class: "number"}, cosine(embeddings[i], other))))))));
}
