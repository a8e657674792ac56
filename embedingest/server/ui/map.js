// The vectors of the table in two dimensions.

export default {
  name: "map",
  title: "Map",
  show(body, parameters, tools) {
    body.append(tools.make("p", {class: "quiet"}, "There is nothing to draw yet."));
  },
};
