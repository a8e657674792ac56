// What is followed.

export default {
  name: "pipelines",
  title: "Pipelines",
  show(body, parameters, tools) {
    body.append(tools.make("p", {}, ...tools.commands("`embedingest status` tells what is followed, what waits and what failed.")));
  },
};
