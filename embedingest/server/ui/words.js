// How the page words what the table says: types of documents, places in them, scores.

const TYPES = {
  "text/markdown": "Markdown", "text/plain": "Text", "text/html": "Web page", "text/x-source": "Code", "text/csv": "CSV",
  "text/tab-separated-values": "TSV", "application/pdf": "PDF", "application/json": "JSON", "application/x-ndjson": "JSON lines",
  "application/yaml": "YAML", "application/toml": "TOML", "application/xml": "XML", "application/rtf": "RTF",
  "application/epub+zip": "EPUB", "application/x-ipynb+json": "Notebook", "text/x-tex": "LaTeX", "text/x-rst": "reStructuredText",
  "text/x-asciidoc": "AsciiDoc", "text/org": "Org", "text/troff": "Manual page", "text/x-wiki": "Wiki", "message/rfc822": "Mail",
  "application/mbox": "Mailbox", "application/vnd.ms-outlook": "Mail", "application/x-archive": "Archive",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
  "application/vnd.ms-excel": "Excel", "application/vnd.oasis.opendocument.text": "OpenDocument text",
  "application/vnd.oasis.opendocument.spreadsheet": "OpenDocument sheet",
  "application/vnd.oasis.opendocument.presentation": "OpenDocument slides", "image/svg+xml": "SVG",
};

// What people call a type of documents.
export function typeName(mime) {
  return TYPES[mime] ?? mime.replace(/^(application|text)\/(x-|vnd\.)?/, "");
}

// Where a chunk stands in its document: by page, lines, or part, else by number.
export function placeOf(chunk) {
  const places = [];
  if (chunk.page) places.push(`page ${chunk.page}`);
  if (chunk.line_start) places.push(span("line", "lines", chunk.line_start, chunk.line_end));
  for (const [kind, value] of Object.entries(chunk.part ?? {})) places.push(partOf(kind, value));
  return places.join(", ") || `chunk ${chunk.chunk_index + 1}`;
}

function partOf(kind, value) {
  if (kind === "rows" && Array.isArray(value)) return span("row", "rows", value[0], value.at(-1));
  return `${kind} ${typeof value === "object" ? JSON.stringify(value) : value}`;
}

function span(one, many, first, last) {
  return last && last !== first ? `${many} ${first}–${last}` : `${one} ${first}`;
}

// What a score means, in sentences.
export function scoreWords(mode, score, explain) {
  const {vector_score: cosine, vector_rank: near, text_score: words, text_rank: worded, rank_before: before} = explain ?? {};
  const {sparse_score: weight, sparse_rank: weighted, late_score: likeness, late_rank: alike} = explain ?? {};
  const sentences = [];
  if (before) {
    sentences.push(`The reranker read it together with the question, and gave ${fixed(score)}: that orders the results. The search had it as number ${before}.`);
    score = explain.score_before;
  }
  if (near) sentences.push(`By meaning it is number ${near}: the cosine of its vector and the question's is ${fixed(cosine)} (1 is the same, 0 unrelated).`);
  else if (mode === "hybrid") sentences.push("By meaning it is not among the nearest.");
  if (worded) sentences.push(`By words it is number ${worded}${words ? `, with a BM25 score of ${fixed(words)}: rare words that stand in it often count most` : ""}.`);
  else if (mode === "hybrid") sentences.push("By words it is not among the best: none of the question's words stands in it, or others have more of them.");
  if (weighted) sentences.push(`By weighted terms it is number ${weighted}: those that it shares with the question weigh ${fixed(weight)} together.`);
  if (alike) sentences.push(`Token by token it is number ${alike}: the best cosines of the question's tokens add up to ${fixed(likeness)}.`);
  if (mode === "hybrid") {
    const shares = ["vector", "text", "sparse", "late"].map(side => explain?.[`${side}_share`]).filter(share => share != null);
    const orders = before ? "what the reranker is given" : "results";
    sentences.push(shares.length
      ? `Beside the best of each list that is ${shares.map(share => fixed(share)).join(" and ")}, on average ${fixed(score)} (1 is the best of all lists). It orders ${orders}; it is no percentage.`
      : "It stands below the first of each list, whose scores are compared: its better rank alone gives its place.");
  }
  return sentences;
}

function fixed(value, digits = 3) {
  return Number(value).toFixed(digits);
}
