// The page of the ticker: a row for each symbol, painted as often as the screen likes.
const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const points = 40; // of each line

const rows = new Map();
let shown = { received: 0, span: 0, skipped: 0 };

let question = 0;
const feed = new Worker("feed.js", { type: "module" });
feed.onmessage = ({ data }) => {
  if (data.question !== question) return;
  showState(data.state);
  for (const quote of data.quotes) (rows.get(quote.symbol) ?? addRow(quote.symbol)).show(quote);
  count(data);
};

function ask() {
  for (const row of rows.values()) row.element.remove();
  rows.clear();
  total = 0;
  shown = { received: 0, span: 0, skipped: 0 };
  feed.postMessage({ question: ++question, symbol: $("symbol").value, slow: $("slow").checked });
}
$("slow").addEventListener("change", ask);
$("symbol").addEventListener("change", ask);

function showState(state) {
  if ($("state").dataset.state === state) return;
  $("state").dataset.state = state;
  $("state").textContent = { open: "live", connecting: "connecting" }[state] ?? "offline";
}

// Over a second at a time, since a rate of 100 ms says little.
let total = 0;
function count({ received, skipped, span, age }) {
  shown.received += received;
  shown.span += span;
  total += skipped;
  if (age !== null)
    $("age").textContent = age < 1000 ? `${Math.max(age, 0)} ms` : `${(age / 1000).toFixed(1)} s`;
  if (shown.span < 1000) return;
  $("rate").textContent = number.format(Math.round((shown.received * 1000) / shown.span));
  $("skipped").textContent = number.format(total);
  shown = { received: 0, span: 0 };
}

function addRow(symbol) {
  const element = $("row").content.firstElementChild.cloneNode(true);
  const price = element.querySelector(".price");
  const change = element.querySelector(".change");
  const line = element.querySelector("polyline");
  element.querySelector(".symbol").textContent = symbol;
  const prices = [];
  let first = null;
  const row = {
    element,
    show(quote) {
      first ??= quote.price;
      const before = prices.at(-1);
      prices.push(quote.price);
      if (prices.length > points) prices.shift();
      price.textContent = quote.price.toFixed(2);
      const percent = (quote.price / first - 1) * 100;
      change.textContent = `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(2)} %`;
      element.dataset.trend = percent < 0 ? "down" : "up";
      if (before !== undefined && before !== quote.price) flash(price, quote.price > before);
      draw();
    },
  };
  function draw() {
    const low = Math.min(...prices);
    const span = Math.max(...prices) - low || 1;
    line.setAttribute("points", prices.map((one, i) =>
      `${(i * 100) / (points - 1)},${(22 - ((one - low) * 20) / span).toFixed(1)}`).join(" "));
  }
  rows.set(symbol, row);
  const after = [...rows.keys()].sort().indexOf(symbol);
  $("quotes").insertBefore(element, $("quotes").children[after] ?? null);
  return row;
}

const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
function flash(element, up) {
  if (calm) return;
  element.animate([{ color: up ? "var(--up)" : "var(--down)" }, {}], { duration: 400 });
}

const symbols =
  "ACRE BOLT CEDR DUNE EMBR FERN GALE HALO IRIS JADE KELP LYNX MOSS NOVA OPAL PINE QUAY REEF " +
  "SAGE TIDE UMBR VALE WREN YARN";
for (const symbol of symbols.split(" ")) $("symbol").append(new Option(symbol, symbol));
ask();
