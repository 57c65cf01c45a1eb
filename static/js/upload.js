// Uploads files in pieces that can be paused, repeated and continued. Without this script the panel is a plain
// form that sends whole files.
"use strict";

(() => {
  const panel = document.getElementById("upload-panel");
  if (!panel || !window.fetch || !Blob.prototype.slice) return;

  const PIECE = 2000000; // bytes, as the scripted client sends them
  const TRIES = 4;
  const PAUSE = 1500; // milliseconds before the first retry
  const { address, list, base } = panel.dataset; // Addresses for deletion lack the base.
  const form = document.getElementById("upload-form");
  const starter = document.getElementById("upload-start");
  const input = document.getElementById("upload_files");
  const queue = document.getElementById("upload-queue");
  const done = document.getElementById("upload-done");
  const cancel = document.getElementById("upload-cancel");
  const count = document.getElementById("upload-count"); // Only if the panel can be closed.
  const items = [];
  const refusal = element("p", { id: "upload-refusal", className: "notice warn" });
  refusal.setAttribute("role", "alert");
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

  const label = (text) => element("span", { className: "name", textContent: text });

  function show(item, state, text) {
    item.state = state;
    const words = text ? `${state}: ${text}` : state;
    if (item.place) item.place.textContent = state === "uploading" ? `Uploading ${item.file.name}.` : words;
    if (item.word.textContent !== words) item.word.textContent = words; // Screen readers read out each change.
    item.bar.value = item.sent;
    item.start.hidden = !["candidate", "paused", "failed"].includes(state);
    item.start.textContent = state === "failed" ? "Retry" : state === "paused" ? "Continue" : "Start";
    item.pause.hidden = !["uploading", "waiting"].includes(state);
  }

  // `replaced` is the name under which the file is stored; `place` tells how far that is.
  function add(file, replaced = "", place = null) {
    const name = replaced || file.name;
    const same = items.findIndex((other) => other.name === name);
    if (same >= 0) remove(items[same]);
    const item = { file, name, place, sent: 0, gaps: 0, word: element("span", { role: "status" }) };
    item.bar = element("progress", { max: file.size || 1, value: 0 });
    item.bar.setAttribute("aria-label", `Progress of ${name}`);
    item.start = button("Start", () => enqueue(item));
    item.pause = button("Pause", () => show(item, "paused"));
    item.row = element(
      "tr",
      {},
      element("td", {}, label(name)),
      element("td", { className: "number", textContent: String(file.size) }),
      element("td", {}, item.bar),
      element("td", {}, item.word),
      element("td", {}, item.start, " ", item.pause, " ", button("Cancel", () => giveUp(item))),
    );
    items.push(item);
    queue.tBodies[0].append(item.row);
    queue.hidden = cancel.hidden = false;
    show(item, "candidate");
    return item;
  }

  function remove(item) {
    item.state = "cancelled";
    item.row.remove();
    items.splice(items.indexOf(item), 1);
    queue.hidden = cancel.hidden = items.length === 0;
    if (!items.length) refusal.remove();
  }

  function giveUp(item) {
    remove(item);
    if (item.place) item.place.textContent = "Cancelled.";
    if (!item.isSending) forget(item);
  }

  // The pieces of a cancelled file would count as used space on the server.
  async function forget(item) {
    if (item.deleteUrl) await fetch(item.deleteUrl, { credentials: "same-origin" }).catch(() => {});
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
      item.isSending = true;
      const answer = await sendPiece(item, item.sent, last);
      item.isSending = false;
      item.deleteUrl = answer.deleteUrl ? base + answer.deleteUrl : item.deleteUrl;
      if (item.state === "cancelled") return forget(item);
      if (answer.expected !== undefined && item.gaps < TRIES) {
        // The server says where to continue. While another request still writes, it repeats the same
        // position.
        item.gaps += 1;
        item.sent = answer.expected;
        if (item.gaps > 1) await wait(PAUSE);
      } else if (answer.error) {
        return show(item, "failed", answer.error);
      } else {
        item.gaps = 0;
        item.sent = last;
        if (last === item.file.size) {
          remove(item);
          if (item.place) item.place.textContent = `${item.file.name} is uploaded in its place.`;
          return refresh();
        }
      }
      show(item, item.state); // An item that was paused meanwhile stays paused.
    }
  }

  function words(status) {
    return status === 403 ? "Refused; reload the page and log in again." : `The server answered ${status}.`;
  }

  async function sendPiece(item, first, last) {
    for (let pause = PAUSE, left = TRIES; ; left -= 1, pause *= 2) {
      try {
        const body = new FormData();
        body.append("csrfmiddlewaretoken", token());
        body.append("files", item.file.slice(first, last), item.name);
        const whole = first === 0 && last === item.file.size;
        const headers = whole ? {} : { "Content-Range": `bytes ${first}-${last - 1}/${item.file.size}` };
        const response = await fetch(address, { method: "POST", body, headers, credentials: "same-origin" });
        const type = response.headers.get("Content-Type") || "";
        const found = type.includes("json") ? await response.json() : { error: words(response.status) };
        const about = (found.files || [])[0] || {};
        if (response.status < 500 || response.status === 507 || left <= 1) {
          const error = about.error || found.error;
          return { error, expected: about.expected, deleteUrl: about.deleteUrl };
        }
      } catch {
        if (left <= 1) return { error: "The connection broke. Press Retry." };
      }
      await wait(pause);
    }
  }

  async function refresh() {
    try {
      const response = await fetch(list, { credentials: "same-origin" });
      if (!response.ok) return;
      const { files } = await response.json();
      const none = element("td", { colSpan: 5, textContent: "You have not uploaded any files." });
      done.replaceChildren(...(files.length ? files.map(row) : [element("tr", {}, none)]));
      all.checked = false;
      if (count) count.textContent = String(files.length);
    } catch {
      // The server cannot be reached now; the next upload asks again.
    }
  }

  function row(file) {
    const box = element("input", { type: "checkbox", name: "name", value: file.name });
    box.setAttribute("aria-label", `Choose ${file.name}`);
    const remover = element("button", { type: "submit", className: "danger", textContent: "Delete", formAction: base + file.deleteUrl });
    remover.setAttribute("aria-label", `Delete ${file.name}`);
    const made = element(
      "tr",
      {},
      element("td", {}, box),
      element("td", {}, label(file.name)),
      element("td", { className: "number", textContent: String(file.size) }),
      element("td", {}, remover),
      element("td", {}, element("code", { textContent: file.sha1sum })),
    );
    made.dataset.name = file.name;
    return made;
  }

  // Deletes a file without leaving the page, because other uploads may still run there.
  done.addEventListener("click", async (event) => {
    if (!event.target.matches("button[formaction]")) return;
    event.preventDefault();
    await fetch(event.target.formAction, { credentials: "same-origin" }).catch(() => {});
    refresh();
  });

  const all = element("input", { type: "checkbox", id: "upload-all" });
  all.addEventListener("change", () => {
    for (const box of done.querySelectorAll("input[type=checkbox]")) box.checked = all.checked;
  });
  document.getElementById("upload-choice").prepend(element("label", {}, all, " select all"), " ");

  // With this script, the panel sends its files itself, and no other form takes them along.
  for (const each of [input, starter]) each.setAttribute("form", form.id);
  starter.removeAttribute("formaction");
  input.addEventListener("change", () => {
    [...input.files].forEach((file) => add(file));
    input.value = "";
  });
  input.required = false;
  document.getElementById("upload-hint").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    items.filter((item) => ["candidate", "paused", "failed"].includes(item.state)).forEach(enqueue);
  });
  cancel.addEventListener("click", () => [...items].forEach(giveUp));
  takeDrops(panel, (files) => files.map((file) => add(file)).forEach(enqueue));

  // Calls `take` with the files that somebody drops on an element.
  function takeDrops(target, take) {
    const mark = (event, isOver) => {
      event.preventDefault();
      target.classList.toggle("dragging", isOver);
    };
    target.addEventListener("dragover", (event) => mark(event, true));
    target.addEventListener("dragleave", (event) => mark(event, false));
    target.addEventListener("drop", (event) => {
      mark(event, false);
      event.stopPropagation();
      take([...event.dataTransfer.files]);
    });
  }

  const ending = (name) => name.slice(name.lastIndexOf("."));

  function replaceBy(place, files) {
    const { replaces } = place.dataset;
    const state = place.querySelector(".replacement-state");
    if (files.length !== 1) {
      state.textContent = "Choose one file.";
    } else if (ending(files[0].name) !== ending(replaces)) {
      state.textContent = `${files[0].name} cannot replace ${replaces}: their extensions differ.`;
    } else {
      enqueue(add(files[0], replaces, state));
    }
  }

  const places = [...document.querySelectorAll("[data-replaces]")];
  for (const place of places) {
    const chooser = place.querySelector("input");
    chooser.addEventListener("change", () => {
      if (chooser.files.length) replaceBy(place, [...chooser.files]);
      chooser.value = "";
    });
    takeDrops(place, (files) => replaceBy(place, files));
  }

  // Files that are dropped together find their places by their names.
  const repair = document.getElementById("check-again");
  if (repair) {
    takeDrops(repair, (files) => {
      for (const file of files) {
        const place = places.find((each) => each.dataset.replaces === file.name);
        if (place) replaceBy(place, [file]);
        else enqueue(add(file));
      }
    });
  }

  // No form goes without files that were chosen: it says which, and stays.
  for (const taker of document.querySelectorAll("form[data-takes-uploads]")) {
    taker.addEventListener("submit", (event) => {
      if (!items.length || event.submitter?.hasAttribute("formaction")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const names = items.map((item) => item.name).join(", ");
      refusal.textContent = `Not uploaded yet: ${names}. Start the upload and wait for its end, or cancel it. Then press the button again.`;
      taker.querySelector(".buttons:last-of-type").before(refusal);
      const around = panel.closest("details");
      if (around) around.open = true;
    }, { capture: true }); // Before the script of drafts takes the form for sent.
  }
})();
