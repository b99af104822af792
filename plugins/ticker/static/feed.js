// A worker, so that a reader can be slow while the page is not. Tells the page ten times a second.
import { MargaySocket } from "./margay.js";

const every = 100; // ms
let question = 0; // of the page; answers to an earlier one are of no use to it
let slow = false;
let state = "connecting";
let quotes = new Map(); // what is new since the page was told, by symbol
let numbers = new Map(); // the last number of each symbol
let received = 0;
let skipped = 0;
let age = null; // of the newest quote, ms
let told = performance.now();

function tell() {
  const now = performance.now();
  const span = now - told;
  postMessage({ question, state, quotes: [...quotes.values()], received, skipped, age, span });
  begin();
}

function begin() {
  quotes = new Map();
  received = skipped = 0;
  age = null;
  told = performance.now();
}
setInterval(() => performance.now() - told >= every / 2 && tell(), every);

function take({ data }) {
  const quote = JSON.parse(data);
  const last = numbers.get(quote.symbol);
  if (last !== undefined && quote.number > last) skipped += quote.number - last - 1;
  numbers.set(quote.symbol, quote.number);
  quotes.set(quote.symbol, quote);
  ++received;
  age = Date.now() - quote.at;
  if (slow) for (const until = performance.now() + 1; performance.now() < until; ) /* work */;
  if (performance.now() - told >= every) tell();
}

let socket = null;

onmessage = ({ data }) => {
  ({ question, slow } = data);
  socket?.close();
  begin();
  const mine = (socket = new MargaySocket(`quotes/${data.symbol}`));
  // What was missed without a connection is nobody's slowness.
  mine.addEventListener("open", () => { numbers = new Map(); });
  mine.addEventListener("state", ({ state: its }) => {
    if (mine === socket) state = its;
  });
  mine.addEventListener("message", (event) => mine === socket && take(event));
};
