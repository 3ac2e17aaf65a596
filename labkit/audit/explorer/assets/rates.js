// The formulas of labkit.audit, on counts of people in the order tn, fp, fn, tp. What is undefined is NaN, never 0.

function addUp(cells, places) {
  return places.reduce((sum, place) => sum + cells[place], 0);
}

// Wilson's score interval of a share (Wilson 1927).
function wilson(successes, trials, z) {
  const share = successes / trials, unit = z * z / trials;
  const middle = (share + unit / 2) / (1 + unit);
  const reach = z * Math.sqrt(share * (1 - share) / trials + unit / (4 * trials)) / (1 + unit);
  return trials === 0 ? [NaN, NaN] : [Math.max(middle - reach, 0), Math.min(middle + reach, 1)];
}

// One measure of one group; `few` marks an interval that rests on fewer than two successes or failures.
function rateOf(cells, measure, z) {
  const successes = addUp(cells, measure.top), trials = addUp(cells, measure.bottom);
  const [low, high] = wilson(successes, trials, z);
  const few = trials > 0 && Math.min(successes, trials - successes) < 2;
  return {rate: trials === 0 ? NaN : successes / trials, low, high, few};
}

// A difference of two shares, a minus b, with Newcombe's hybrid score interval (Newcombe 1998, method 10).
function differenceOf(a, b) {
  const rate = a.rate - b.rate;
  return {
    rate,
    low: rate - Math.hypot(a.rate - a.low, b.high - b.rate),
    high: rate + Math.hypot(a.high - a.rate, b.rate - b.low),
    few: a.few || b.few,
  };
}

// Everything that the explorer shows for one pair of cuts, given by their places in the grid.
function compareAt(data, places) {
  const cells = data.groups.map((group, g) => group.cells[places[g]]);
  const rows = data.measures.map((measure) => {
    const [a, b] = cells.map((counts) => rateOf(counts, measure, data.z));
    return {a, b, difference: differenceOf(a, b)};
  });
  const together = cells[0].map((number, place) => number + cells[1][place]);
  const overall = data.measures.map((measure) => rateOf(together, measure, data.z));
  return {rows, overall};
}
