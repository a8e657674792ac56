// Points on a canvas: drawn sharp, found under a pointer or in a direction, moved and enlarged. Knows no documents.

const PADDING = 18;
const RADIUS = 3.5;
const REACH = 14; // pixels from a point within which a pointer means it
const MOST_ZOOM = 64;
const SHAPES = [disc, square, triangle, diamond, plus, downward, saltire, ring];

// How a group is drawn: by shape and colour, so that nobody needs the colour.
export function drawMark(context, group, x, y, radius, colour) {
  context.fillStyle = context.strokeStyle = colour;
  context.lineWidth = radius / 1.6;
  context.beginPath();
  SHAPES[group % SHAPES.length](context, x, y, radius);
}

function disc(context, x, y, r) { context.arc(x, y, r, 0, 2 * Math.PI); context.fill(); }
function square(context, x, y, r) { context.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8); context.fill(); }
function triangle(context, x, y, r) { outline(context, [[x, y - r * 1.2], [x + r * 1.1, y + r * 0.8], [x - r * 1.1, y + r * 0.8]]); }
function downward(context, x, y, r) { outline(context, [[x, y + r * 1.2], [x + r * 1.1, y - r * 0.8], [x - r * 1.1, y - r * 0.8]]); }
function diamond(context, x, y, r) { outline(context, [[x, y - r * 1.3], [x + r * 1.1, y], [x, y + r * 1.3], [x - r * 1.1, y]]); }
function plus(context, x, y, r) { strokes(context, [[x - r, y, x + r, y], [x, y - r, x, y + r]]); }
function saltire(context, x, y, r) { strokes(context, [[x - r * 0.8, y - r * 0.8, x + r * 0.8, y + r * 0.8], [x - r * 0.8, y + r * 0.8, x + r * 0.8, y - r * 0.8]]); }
function ring(context, x, y, r) { context.arc(x, y, r * 0.85, 0, 2 * Math.PI); context.stroke(); }

function outline(context, corners) {
  corners.forEach(([x, y], i) => i ? context.lineTo(x, y) : context.moveTo(x, y));
  context.closePath();
  context.fill();
}

function strokes(context, lines) {
  for (const [x, y, toX, toY] of lines) {
    context.moveTo(x, y);
    context.lineTo(toX, toY);
  }
  context.stroke();
}

export class Plot {
  // `points` are `{x, y, group}`; those of `hidden` groups are not there. `hits` are drawn above all, in this order.
  constructor(canvas) {
    this.canvas = canvas;
    this.points = [];
    this.hits = [];
    this.hidden = new Set();
    this.current = null;
    this.zoom = 1;
    this.shift = [0, 0];
    this.waiting = 0;
    this.framed = null;
    this.sizes = new ResizeObserver(() => { this.framed = null; this.draw(); });
    this.sizes.observe(canvas);
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.themed = () => this.draw();
    this.theme.addEventListener("change", this.themed);
  }

  end() {
    this.sizes.disconnect();
    this.theme.removeEventListener("change", this.themed);
    cancelAnimationFrame(this.waiting);
  }

  shown() {
    const points = this.points.filter(point => !this.hidden.has(point.group));
    return this.hits.length ? [...points, ...this.hits.filter(hit => !this.points.includes(hit) && !this.hidden.has(hit.group))] : points;
  }

  draw() {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    const {canvas} = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const sharpness = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * sharpness);
    canvas.height = Math.round(height * sharpness);
    const context = canvas.getContext("2d");
    context.scale(sharpness, sharpness);
    const style = getComputedStyle(canvas);
    const colour = group => style.getPropertyValue(`--group-${group}`).trim();
    const ink = style.getPropertyValue("--ink").trim();
    const hits = new Set(this.hits);
    context.globalAlpha = hits.size ? 0.22 : 0.8;
    // Those that share a mark go below the others.
    for (const point of this.shown().sort((one, other) => other.group - one.group)) {
      if (!hits.has(point)) drawMark(context, point.group, ...this.placeOf(point), RADIUS, colour(point.group));
    }
    context.globalAlpha = 1;
    for (const hit of [...this.hits].reverse().filter(hit => !this.hidden.has(hit.group))) {
      this.circle(context, hit, RADIUS + 5, ink, 1.5);
      drawMark(context, hit.group, ...this.placeOf(hit), RADIUS + 1.5, colour(hit.group));
    }
    if (this.current) {
      drawMark(context, this.current.group, ...this.placeOf(this.current), RADIUS + 1.5, colour(this.current.group));
      this.circle(context, this.current, RADIUS + 7, ink, 2.5);
    }
  }

  circle(context, point, radius, colour, width) {
    const [x, y] = this.placeOf(point);
    context.beginPath();
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  // Both axes have one scale, so that distances are what they are.
  frame() {
    const xs = this.points.map(point => point.x), ys = this.points.map(point => point.y);
    const [left, right] = [least(xs), -least(xs.map(x => -x))], [low, high] = [least(ys), -least(ys.map(y => -y))];
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const scale = Math.min((width - 2 * PADDING) / (right - left || 1e-9), (height - 2 * PADDING) / (high - low || 1e-9));
    return {scale: right - left || high - low ? scale : 0, middle: [(left + right) / 2, (low + high) / 2], centre: [width / 2, height / 2]};
  }

  placeOf(point) {
    // Asked for each point: the size of the canvas is read once.
    if (this.framed?.points !== this.points) this.framed = {...this.frame(), points: this.points};
    const {scale, middle, centre} = this.framed;
    return [
      centre[0] + this.shift[0] + (point.x - middle[0]) * scale * this.zoom,
      centre[1] + this.shift[1] - (point.y - middle[1]) * scale * this.zoom,
    ];
  }

  at(x, y) {
    let [best, distance] = [null, REACH];
    for (const point of this.shown()) {
      const [left, top] = this.placeOf(point);
      const away = Math.hypot(left - x, top - y) - (this.hits.includes(point) ? 4 : 0);
      if (away < distance) [best, distance] = [point, away];
    }
    return best;
  }

  // The point to go to from the present one by an arrow key: near, and more or less in this direction.
  towards(dx, dy) {
    const [x, y] = this.current ? this.placeOf(this.current) : [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2];
    let [best, cost] = [null, Infinity];
    for (const point of this.shown()) {
      const [left, top] = this.placeOf(point);
      const [along, aside] = [(left - x) * dx + (top - y) * dy, Math.abs((left - x) * dy) + Math.abs((top - y) * dx)];
      if (point === this.current || along < 0.5) continue;
      if (along + 2.5 * aside < cost) [best, cost] = [point, along + 2.5 * aside];
    }
    return best ?? this.current ?? this.nearestTo({x: 0, y: 0}, 1)[0] ?? null;
  }

  nearestTo(point, most) {
    const away = other => Math.hypot(other.x - point.x, other.y - point.y);
    return this.shown().filter(other => other !== point).sort((a, b) => away(a) - away(b)).slice(0, most);
  }

  enlarge(times) {
    const before = this.zoom;
    this.zoom = Math.min(MOST_ZOOM, Math.max(1, this.zoom * times));
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const around = this.current ? this.placeOf(this.current) : [width / 2, height / 2];
    const ratio = this.zoom / before;
    // What is looked at stays where it is.
    this.shift = this.zoom === 1 ? [0, 0]
      : [0, 1].map(i => (this.shift[i] + [width, height][i] / 2 - around[i]) * ratio + around[i] - [width, height][i] / 2);
    this.draw();
  }

  move(dx, dy) {
    this.shift = [this.shift[0] + dx, this.shift[1] + dy];
    this.draw();
  }

  // Brings a point into view that a key has chosen.
  reveal(point) {
    const [x, y] = this.placeOf(point);
    const aside = (place, size) => place < PADDING ? PADDING - place : place > size - PADDING ? size - PADDING - place : 0;
    this.move(aside(x, this.canvas.clientWidth), aside(y, this.canvas.clientHeight));
  }
}

function least(values) {
  return values.reduce((one, other) => Math.min(one, other), values[0] ?? 0);
}
