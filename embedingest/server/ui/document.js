// One document with its chunks.

export default {
  name: "document",
  title: "Document",
  hidden: true,
  async show(body, parameters, tools) {
    tools.title(parameters.source ?? "Document");
  },
};
