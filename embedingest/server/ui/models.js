// The models in memory.

export default {
  name: "models",
  title: "Models",
  async show(body, parameters, tools) {
    const {make} = tools;
    const rows = make("tbody");
    const heads = ["Name", "Size", "Runtime", "Leaves memory"].map(text => make("th", {scope: "col"}, text));
    const none = make("p", {class: "quiet"}, "No model is in memory: each is loaded when it is first asked for.");
    const place = make("div", {class: "wide", tabindex: "0", role: "region", "aria-label": "Models in memory"},
      make("table", {}, make("thead", {}, make("tr", {}, heads)), rows));
    body.append(place, none);

    async function refresh() {
      const {models} = await tools.ask("api/ps");
      if (!tools.isShown()) return;
      none.hidden = models.length > 0;
      place.hidden = models.length === 0;
      rows.replaceChildren(...models.map(model => {
        const leaves = new Date(model.expires_at);
        const never = leaves - Date.now() > 3e12;
        return make("tr", {}, make("th", {scope: "row"}, tools.name(model.name)),
          make("td", {}, `${tools.number(model.size / 1e6)} MB`), make("td", {}, Object.values(model.runtime ?? {}).join(", ")),
          make("td", {}, never ? "never" : leaves.toLocaleTimeString()));
      }));
    }

    await refresh();
    const timer = setInterval(() => refresh().catch(() => {}), 5000);
    return () => clearInterval(timer);
  },
};
