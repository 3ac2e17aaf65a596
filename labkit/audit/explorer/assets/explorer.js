// Builds the sliders, the score distributions and the table of rates in every element of class labkit-explorer. The
// counts are in the element, and the formulas in rates.js, which stands in front of this file in the same function.

function make(tag, attributes, ...children) {
  const drawn = ["svg", "rect", "line"].includes(tag);
  const element = drawn ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  // Otherwise JupyterLab takes arrow keys, Enter and the space bar for shortcuts of the notebook.
  if (["input", "button"].includes(tag)) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children);
  return element;
}

// Rounded half away from zero, as the table without scripts is.
function percent(share, data) {
  return Number.isNaN(share) ? "–" : (100 * share).toFixed(data.digits) + "%";
}

function points(difference, data) {
  if (Number.isNaN(difference)) return "–";
  const text = (100 * Math.abs(difference)).toFixed(data.digits);
  if (Number(text) === 0) return text;
  return (difference < 0 ? "−" : "+") + text;
}

function fillCell(cell, value, write, data) {
  cell.replaceChildren(write(value.rate, data));
  if (Number.isNaN(value.rate)) return;
  const limits = write(value.low, data) + " to " + write(value.high, data) + (value.few ? " ‡" : "");
  cell.append(make("small", {}, limits));
}

// The scores of one group: people labeled positive above the line, the others below it. Full bars are selected.
function drawScores(group, color, data) {
  const slots = group.bars.length;
  const tallest = [0, 1].map((label) => Math.max(...data.groups.map((each) => Math.max(...each.bars.map((bar) => bar[label] / each.n)))));
  const height = 100 / (tallest[0] + tallest[1]), middle = tallest[1] * height;
  const svg = make("svg", {viewBox: "0 0 " + slots + " 100", preserveAspectRatio: "none", "aria-hidden": "true"});
  const full = [];
  group.bars.forEach((bar, slot) => bar.forEach((people, label) => {
    const size = people / group.n * height, left = slot + 0.08, right = slot + 0.92;
    const place = {y: label ? middle - size : middle, height: size};
    svg.append(make("rect", {...place, x: left, width: right - left, fill: "#fff", stroke: color, "vector-effect": "non-scaling-stroke"}));
    const filled = make("rect", {...place, fill: color});
    full.push({filled, left, right});
    svg.append(filled);
  }));
  svg.append(make("line", {x1: 0, x2: slots, y1: middle, y2: middle, stroke: "#1a1a1a", "vector-effect": "non-scaling-stroke"}));
  const cut = make("line", {y1: 0, y2: 100, stroke: "#1a1a1a", "stroke-width": 3, "vector-effect": "non-scaling-stroke"});
  svg.append(cut);
  const ticks = make("div", {class: "lx-ticks", "aria-hidden": "true"});
  for (const [place, text] of data.ticks) {
    const end = place === 0 ? "lx-first" : place === slots ? "lx-last" : "";
    ticks.append(make("span", {class: end, style: "left:" + 100 * place / slots + "%"}, text));
  }
  function moveTo(place) {
    for (const bar of full) {
      const left = Math.max(bar.left, Math.min(place, bar.right));
      bar.filled.setAttribute("x", left);
      bar.filled.setAttribute("width", bar.right - left);
    }
    cut.setAttribute("x1", place);
    cut.setAttribute("x2", place);
  }
  const note = data.labels[1] + " above the line, " + data.labels[0] + " below";
  const drawing = make("div", {class: "lx-scores", role: "img", "aria-label": "Scores of " + group.name + ", " + note}, svg);
  return {drawing, ticks, moveTo};
}

function buildGroup(group, g, data) {
  const scores = drawScores(group, data.colors[g], data);
  const slider = make("input", {type: "range", min: 0, max: data.cuts.length - 1, step: 1, value: data.start[g]});
  // Not an <output>, which the label would then belong to; the value is spoken as the slider's.
  const shown = make("span", {"aria-hidden": "true"});
  const mark = make("span", {class: "lx-mark", style: "color:" + data.colors[g], "aria-hidden": "true"}, g ? "■ " : "● ");
  const name = make("span", {}, mark, make("b", {}, group.name), " (" + group.n.toLocaleString("en-US") + " people), " + data.score + ": ", shown);
  const label = make("label", {}, name, slider);
  return {slider, shown, scores, part: make("div", {class: "lx-group"}, label, scores.ticks, scores.drawing)};
}

function buildTable(data) {
  const rows = data.measures.map((measure) => {
    const cells = [0, 1, 2].map(() => make("td", {}));
    const name = make("th", {scope: "row"}, measure.name, make("small", {}, measure.meaning));
    return {cells, row: make("tr", {}, name, ...cells)};
  });
  const heads = ["", ...data.groups.map((group, g) => (g ? "■ " : "● ") + group.name), "gap ● − ■ (points)"];
  const head = make("tr", {}, ...heads.map((text) => make(text ? "th" : "td", text ? {scope: "col"} : {}, text)));
  const body = make("tbody", {}, ...rows.map((each) => each.row));
  return {rows, table: make("table", {}, make("thead", {}, head), body)};
}

function enhance(root) {
  if (root.classList.contains("lx-ready")) return;
  root.classList.add("lx-ready");
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const groups = data.groups.map((group, g) => buildGroup(group, g, data));
  const {rows, table} = buildTable(data);
  const together = make("input", {type: "checkbox"});
  const spoken = make("p", {class: "lx-spoken", role: "status", "aria-live": "polite"});
  const accuracy = make("p", {});

  function update() {
    const places = groups.map((group) => Number(group.slider.value));
    const found = compareAt(data, places);
    groups.forEach((group, g) => {
      const cut = data.cuts[places[g]];
      group.slider.setAttribute("aria-valuetext", cut);
      group.shown.textContent = cut;
      group.scores.moveTo(data.at[places[g]]);
    });
    rows.forEach((row, place) => {
      const {a, b, difference} = found.rows[place];
      fillCell(row.cells[0], a, percent, data);
      fillCell(row.cells[1], b, percent, data);
      fillCell(row.cells[2], difference, points, data);
    });
    const {a, b, difference} = found.rows[0];
    const parts = [a, b].map((value, g) => data.groups[g].name + ": " + percent(value.rate, data) + " " + data.decisions[1] + " (" + data.cuts[places[g]] + ")");
    spoken.textContent = parts.join("; ") + ". Difference: " + points(difference.rate, data) + " points (" + points(difference.low, data) + " to " + points(difference.high, data) + ").";
    const share = (name) => percent(found.overall[data.measures.findIndex((measure) => measure.name === name)].rate, data);
    accuracy.textContent = "Both groups together: " + share("selection rate") + " " + data.decisions[1] + ", accuracy " + share("accuracy") + ".";
  }

  groups.forEach((group, g) => group.slider.addEventListener("input", () => {
    if (together.checked) groups[1 - g].slider.value = group.slider.value;
    update();
  }));
  const buttons = data.settings.map((setting) => {
    const button = make("button", {type: "button"}, setting.name);
    button.addEventListener("click", () => {
      setting.places.forEach((place, g) => { groups[g].slider.value = place; });
      together.checked = false;
      update();
    });
    return button;
  });
  const legend = make("p", {class: "lx-legend"}, make("span", {class: "lx-full"}), data.decisions[1] + "  ", make("span", {class: "lx-hollow"}), data.decisions[0] + ". Bars above the line: " + data.labels[1] + "; below: " + data.labels[0] + ".");
  const left = make("div", {class: "lx-side"}, ...groups.map((group) => group.part), legend, make("label", {class: "lx-both"}, together, " Move both sliders together"), make("div", {class: "lx-buttons"}, "Set both to: ", ...buttons));
  const right = make("div", {class: "lx-side"}, spoken, table, accuracy);
  root.querySelector(".lx-live").replaceChildren(left, right);
  root.querySelector("details").open = false;
  update();
}

const here = document.currentScript && document.currentScript.closest(".labkit-explorer");
for (const root of here ? [here] : document.querySelectorAll(".labkit-explorer")) enhance(root);
