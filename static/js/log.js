// Adds new messages to the log of a job: by server-sent events, or by polling where those do not arrive.
// Without this script the page's reload link and filter form do the same.
"use strict";

(() => {
  const log = document.getElementById("log");
  const state = document.getElementById("log-state");
  const box = document.getElementById("log-box");
  const errors = document.getElementById("log-errors");
  if (!log || !state || !box || !errors) return;

  const levels = [...document.querySelectorAll(".log-tools input[name=level][data-type]")];
  const follow = document.getElementById("log-follow");
  const { base } = log.dataset;
  const POLL = 3000; // milliseconds
  const FAILURES = 3; // of a stream, before polling begins
  const JUMPS = 50; // errors in the list above the log
  const ENDS = { 0: "completed", 1: "failed", 3: "cancelled" };
  const ENDED = "crds-result-ended"; // The key of the address whose job this tab has seen ending.
  const FOLLOW = "log-follow"; // The key under which the switch is stored.
  // The levels that the page holds; others are fetched when somebody chooses them.
  const present = new Set(levels.filter((level) => level.checked).map((level) => level.dataset.type));
  let last = Number(log.dataset.last);
  let isDone = "done" in log.dataset;
  let source = null;
  let failures = 0;

  const chosen = () => new Set(["done", ...levels.filter((level) => level.checked).map((level) => level.dataset.type)]);

  function filter() {
    const types = chosen();
    for (const row of log.children) row.hidden = !types.has(row.dataset.type);
    scroll();
  }

  function scroll() {
    if (follow.checked) box.scrollTop = box.scrollHeight;
  }

  function row(message) {
    const ends = message.type === "done";
    const made = document.createElement("li");
    made.id = `m${message.id}`;
    made.className = `log-${message.type}`;
    made.dataset.type = message.type;
    const time = document.createElement("time");
    time.textContent = message.time.slice(11);
    const word = document.createElement("b");
    word.textContent = ends ? ENDS[message.data.status] : message.type === "log_message" ? "info" : message.type;
    const text = document.createElement("span");
    text.textContent = ends ? message.data.result : message.data;
    made.append(time, " ", word, " ", text);
    return made;
  }

  function note(message) {
    if (message.type !== "error" || document.querySelector(`#log-errors a[href="#m${message.id}"]`)) return;
    const list = errors.querySelector("ol");
    if (list.children.length >= JUMPS) return;
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `#m${message.id}`;
    link.textContent = message.data.slice(0, 120);
    item.append(link);
    list.append(item);
    errors.hidden = false;
    document.getElementById("log-errors-count").textContent = String(list.children.length);
  }

  function add(message) {
    if (message.id <= last) return;
    last = message.id;
    log.append(row(message));
    note(message);
    filter();
    if (message.type === "done") finish(message.data);
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
    link.className = "button";
    link.href = result;
    link.textContent = "Result";
    state.append(" ", link);
    become(link);
  }

  // The page becomes the result by itself; `result.js` announces it there.
  function become(link) {
    if (link.origin !== location.origin) return;
    sessionStorage.setItem(ENDED, link.pathname);
    if (link.pathname === location.pathname) location.reload();
    else location.assign(link.href);
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
      // The browser opens a stream again that only ended.
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
        // The server cannot be reached now; ask again later.
      }
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }

  // Fetches all messages up to the last one on the page, including those that the page was served without.
  async function complete() {
    const first = Number(log.dataset.first || 0);
    const rows = [];
    for (let since = first; since < last; ) {
      const answer = await fetch(`${base}/messages?since=${since}`);
      if (!answer.ok) return;
      const found = (await answer.json()).messages.filter((message) => message.id <= last);
      if (!found.length) break;
      rows.push(...found.map(row));
      found.forEach(note);
      since = found.at(-1).id;
    }
    const later = [...log.children].filter((each) => Number(each.id.slice(1)) > last);
    log.replaceChildren(...rows, ...later);
    for (const level of levels) present.add(level.dataset.type);
  }

  async function choose() {
    const query = new URLSearchParams([["level", "done"]]);
    for (const level of levels) if (level.checked) query.append("level", level.value);
    const url = new URL(window.location.href);
    url.search = String(query);
    window.history.replaceState(null, "", url); // The choice survives a reload.
    document.getElementById("log-text").href = `${base}/log.txt?${query}`;
    document.getElementById("log-reload").href = `?${query}`;
    const isLacking = levels.some((level) => level.checked && !present.has(level.dataset.type));
    if (isLacking) await complete().catch(() => {});
    filter();
  }

  for (const level of levels) level.addEventListener("change", choose);
  document.querySelector(".log-tools button").hidden = true;
  document.getElementById("log-follow-choice").hidden = false;
  follow.checked = sessionStorage.getItem(FOLLOW) !== "no";
  follow.addEventListener("change", () => {
    sessionStorage.setItem(FOLLOW, follow.checked ? "yes" : "no");
    scroll();
  });
  // A person who jumps to an error wants to stay there.
  errors.addEventListener("click", (event) => {
    if (event.target.matches("a")) follow.checked = false;
  });
  scroll();
  if (!isDone) listen();
  else if (log.dataset.result && sessionStorage.getItem(ENDED) !== location.pathname) finish({ status: 0, result: "" });
})();
