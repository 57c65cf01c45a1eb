// Moves through the bars of a timeline with the arrow keys, and writes what the bar at the focus says below the picture.
// Without this script the first bar of each lane can be reached, and the table has everything.

const timeline = document.querySelector(".timeline");
const reading = timeline.querySelector(".reading");
const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

timeline.addEventListener("keydown", (event) => {
  const bar = event.target.closest("svg a");
  const step = steps[event.key];
  if (!bar || step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const bars = [...bar.closest("svg").querySelectorAll("a")];
  const next = bars[Math.min(bars.length - 1, Math.max(0, bars.indexOf(bar) + step))];
  bar.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
});

timeline.addEventListener("focusin", (event) => {
  const bar = event.target.closest("svg a");
  reading.textContent = bar ? bar.getAttribute("aria-label") : "";
});
