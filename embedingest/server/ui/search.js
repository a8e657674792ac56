// Search as one types.

const WAIT_MILLISECONDS = 180;

export default {
  name: "search",
  title: "Search",
  show(body, parameters, tools) {
    const {make} = tools;
    const query = make("input", {type: "search", id: "query", autocomplete: "off", spellcheck: "false", enterkeyhint: "search"});
    const results = make("div", {id: "results"});
    const form = make("form", {role: "search", class: "stack"}, make("label", {for: "query"}, "What are you looking for?"), query);
    body.append(form, results);
    query.value = parameters.q ?? "";
    let timer = 0;
    let asked = null;

    async function answer() {
      asked?.abort();
      const mine = asked = new AbortController();
      const text = query.value;
      tools.go("search", {q: text}, {replace: true});
      if (!text.trim()) return results.replaceChildren();
      try {
        const {results: hits} = await tools.ask("api/search", {query: text, limit: 10}, {signal: mine.signal});
        if (mine !== asked) return;
        results.replaceChildren(...hits.map(hit => make("article", {class: "hit"},
          make("h2", {}, make("a", {href: tools.link("document", {source: hit.source, chunk: hit.id})}, tools.name(hit.title || hit.source))),
          make("pre", {}, tools.shownText(hit.text)))));
        tools.announce(hits.length ? tools.count(hits.length, "result") : "Nothing found");
      } catch (error) {
        if (error.name !== "AbortError") results.replaceChildren(tools.failure(error));
      }
    }

    function soon() {
      clearTimeout(timer);
      timer = setTimeout(answer, WAIT_MILLISECONDS);
    }

    query.addEventListener("input", soon);
    form.addEventListener("submit", event => { event.preventDefault(); clearTimeout(timer); answer(); });
    if (query.value) answer();
    query.focus();
    return () => { clearTimeout(timer); asked?.abort(); };
  },
};
