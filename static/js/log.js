// Keeps the log of a job fresh: by server-sent events, and where those do not get through, by asking again.
// Without this script the page is the same, and its reload link does the work.
"use strict";

(() => {
  const log = document.getElementById("log");
  const state = document.getElementById("log-state");
  const level = document.getElementById("log-level");
  if (!log || !state) return;

  const base = `/jpoll/${encodeURIComponent(log.dataset.key)}`;
  const POLL = 3000; // milliseconds
  const FAILURES = 3; // of a stream, before polling takes over
  const RANK = { verbose: 0, log_message: 1, warning: 2, error: 3, done: 4 };
  const LEAST = { verbose: 0, info: 1, warning: 2, error: 3 };
  const ENDS = { 0: "completed", 1: "failed", 3: "cancelled" };
  let last = Number(log.dataset.last);
  let isDone = "done" in log.dataset;
  let source = null;
  let failures = 0;

  function filter() {
    const least = LEAST[level ? level.value : "info"] ?? 1;
    for (const row of log.children) row.hidden = (RANK[row.dataset.type] ?? 4) < least;
  }

  function add(message) {
    if (message.id <= last) return;
    last = message.id;
    const ends = message.type === "done";
    const row = document.createElement("li");
    row.className = `log-${message.type}`;
    row.dataset.type = message.type;
    const time = document.createElement("time");
    time.textContent = message.time.slice(11);
    const word = document.createElement("b");
    word.textContent = ends ? ENDS[message.data.status] : message.type === "log_message" ? "info" : message.type;
    const text = document.createElement("span");
    text.textContent = ends ? message.data.result : message.data;
    row.append(time, " ", word, " ", text);
    log.append(row);
    filter();
    if (ends) finish(message.data);
  }

  function finish(end) {
    isDone = true;
    if (source) source.close();
    const word = ENDS[end.status];
    state.textContent = `${word[0].toUpperCase()}${word.slice(1)}.`;
    const result = log.dataset.result || (/^https?:\/\//.test(end.result) ? end.result : "");
    if (!result || document.getElementById("log-result")) return;
    const link = document.createElement("a");
    link.id = "log-result";
    link.href = result;
    link.textContent = "Result";
    state.append(" ", link);
  }

  function listen() {
    if (!window.EventSource) return poll();
    source = new EventSource(`${base}/events?since=${last}`);
    source.onmessage = (event) => {
      failures = 0;
      add(JSON.parse(event.data));
    };
    source.onerror = () => {
      failures += 1;
      // A stream that merely ended comes back by itself.
      if (isDone || (source.readyState !== EventSource.CLOSED && failures <= FAILURES)) return;
      source.close();
      poll();
    };
  }

  async function poll() {
    while (!isDone) {
      try {
        const answer = await fetch(`${base}/messages?since=${last}`);
        if (answer.status === 404) {
          state.textContent = "This log has been removed.";
          return;
        }
        if (answer.ok) (await answer.json()).messages.forEach(add);
      } catch {
        // The server is away; it comes back.
      }
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }

  if (level) {
    level.addEventListener("change", () => {
      // What the page left out is fetched again; the choice stays in the address.
      const url = new URL(window.location.href);
      url.searchParams.set("level", level.value);
      window.location.assign(url);
    });
    const button = level.form.querySelector("button");
    if (button) button.hidden = true;
  }
  if (!isDone) listen();
})();
