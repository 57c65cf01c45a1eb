// Uploads files in pieces that can be paused, repeated and continued. Without this script the panel is a plain
// form that sends whole files.
"use strict";

(() => {
  const panel = document.getElementById("upload-panel");
  if (!panel || !window.fetch || !Blob.prototype.slice) return;

  const PIECE = 2000000; // bytes, as the scripted client sends them
  const TRIES = 4;
  const PAUSE = 1500; // milliseconds before the first repetition
  const { address, list } = panel.dataset;
  const form = document.getElementById("upload-form");
  const input = document.getElementById("upload-files");
  const queue = document.getElementById("upload-queue");
  const done = document.getElementById("upload-done");
  const items = [];
  let isSending = false;

  const cookie = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]*)/) || [])[1] || "";
  const token = () => cookie() || form.elements.csrfmiddlewaretoken.value;
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function button(text, act) {
    const made = element("button", { type: "button", textContent: text });
    made.addEventListener("click", act);
    return made;
  }

  function show(item, state, text) {
    item.state = state;
    item.word.textContent = text ? `${state}: ${text}` : state;
    item.bar.value = item.sent;
    item.start.hidden = !["candidate", "paused", "failed"].includes(state);
    item.start.textContent = state === "failed" ? "Retry" : state === "paused" ? "Continue" : "Start";
    item.pause.hidden = !["uploading", "waiting"].includes(state);
  }

  function add(file) {
    const same = items.findIndex((other) => other.file.name === file.name);
    if (same >= 0) remove(items[same]);
    const item = { file, sent: 0, word: element("span"), bar: element("progress", { max: file.size || 1, value: 0 }) };
    item.bar.setAttribute("aria-label", `Progress of ${file.name}`);
    item.start = button("Start", () => enqueue(item));
    item.pause = button("Pause", () => show(item, "paused"));
    item.row = element(
      "tr",
      {},
      element("td", { textContent: file.name }),
      element("td", { textContent: String(file.size) }),
      element("td", {}, item.bar),
      element("td", {}, item.word),
      element("td", {}, item.start, " ", item.pause, " ", button("Cancel", () => remove(item))),
    );
    items.push(item);
    queue.tBodies[0].append(item.row);
    queue.hidden = false;
    show(item, "candidate");
  }

  function remove(item) {
    item.state = "cancelled";
    item.row.remove();
    items.splice(items.indexOf(item), 1);
    queue.hidden = items.length === 0;
  }

  function enqueue(item) {
    show(item, "waiting");
    work();
  }

  async function work() {
    if (isSending) return;
    isSending = true;
    try {
      for (let item; (item = items.find((each) => each.state === "waiting")); ) await upload(item);
    } finally {
      isSending = false;
    }
  }

  async function upload(item) {
    show(item, "uploading");
    while (item.state === "uploading") {
      const last = Math.min(item.sent + PIECE, item.file.size);
      const answer = await sendPiece(item, item.sent, last);
      if (item.state !== "uploading") return; // Paused or cancelled meanwhile; the piece may be sent again.
      if (answer.expected !== undefined && !item.hasStartedAgain) {
        item.hasStartedAgain = answer.expected === 0;
        item.sent = answer.expected;
        continue;
      }
      if (answer.error) return show(item, "failed", answer.error);
      item.sent = last;
      show(item, "uploading");
      if (last === item.file.size) {
        remove(item);
        return refresh();
      }
    }
  }

  async function sendPiece(item, first, last) {
    for (let pause = PAUSE, left = TRIES; ; left -= 1, pause *= 2) {
      try {
        const body = new FormData();
        body.append("csrfmiddlewaretoken", token());
        body.append("files", item.file.slice(first, last), item.file.name);
        const whole = first === 0 && last === item.file.size;
        const headers = whole ? {} : { "Content-Range": `bytes ${first}-${last - 1}/${item.file.size}` };
        const response = await fetch(address, { method: "POST", body, headers, credentials: "same-origin" });
        const type = response.headers.get("Content-Type") || "";
        const found = type.includes("json") ? await response.json() : { error: `The server answered ${response.status}.` };
        const about = (found.files || [])[0] || {};
        if (response.status < 500 || response.status === 507 || left <= 1) {
          return { error: about.error || found.error, expected: about.expected };
        }
      } catch {
        if (left <= 1) return { error: "The connection broke." };
      }
      await wait(pause);
    }
  }

  async function refresh() {
    const response = await fetch(list, { credentials: "same-origin" });
    if (!response.ok) return;
    const { files } = await response.json();
    done.replaceChildren(...files.map(row));
  }

  function row(file) {
    const box = element("input", { type: "checkbox", name: "name", value: file.name });
    box.setAttribute("aria-label", `Choose ${file.name}`);
    const made = element(
      "tr",
      {},
      element("td", {}, box, " ", button("Delete", async () => {
        await fetch(file.deleteUrl, { credentials: "same-origin" });
        refresh();
      })),
      element("td", { textContent: file.name }),
      element("td", { textContent: String(file.size) }),
      element("td", {}, element("code", { textContent: file.sha1sum })),
    );
    made.dataset.name = file.name;
    return made;
  }

  const all = element("input", { type: "checkbox", id: "upload-all" });
  all.addEventListener("change", () => {
    for (const box of done.querySelectorAll("input[type=checkbox]")) box.checked = all.checked;
  });
  done.closest("table").before(element("label", {}, all, " select all"));

  input.addEventListener("change", () => {
    [...input.files].forEach(add);
    input.value = "";
  });
  input.required = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    items.filter((item) => ["candidate", "paused", "failed"].includes(item.state)).forEach(enqueue);
  });
  panel.addEventListener("dragover", (event) => {
    event.preventDefault();
    panel.classList.add("dragging");
  });
  panel.addEventListener("dragleave", () => panel.classList.remove("dragging"));
  panel.addEventListener("drop", (event) => {
    event.preventDefault();
    panel.classList.remove("dragging");
    [...event.dataTransfer.files].forEach(add);
  });
})();
