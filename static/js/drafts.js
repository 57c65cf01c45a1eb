// Keeps a draft of a long form in this browser only, under the names of the person and of the form. The draft is
// removed when the form is submitted, when the person discards it, or after two weeks. Without this script, or in
// a browser that stores nothing, the form works the same.

const LASTS = 14 * 24 * 3600 * 1000; // milliseconds
const PAUSE = 400; // milliseconds after the last key
const PREFIX = "crds-draft:";
const SENT = "crds-draft-sent"; // The key of the draft that this tab submitted, until the server has accepted it.

const form = document.querySelector("form[data-draft]");

function forget(key) {
  localStorage.removeItem(key);
}

function forgetOld() {
  for (const key of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
    if (!(read(key)?.at > Date.now() - LASTS)) forget(key);
  }
}

function read(key) {
  try {
    const draft = JSON.parse(localStorage.getItem(key));
    return draft && typeof draft.values === "object" ? draft : null;
  } catch {
    return null;
  }
}

// The fields that people fill in, without tokens and without the context, which may have changed since.
function fields() {
  return [...form.elements].filter(
    (each) => each.name && !["hidden", "submit", "button", "file"].includes(each.type) && !each.name.startsWith("pmap_"),
  );
}

function values() {
  return Object.fromEntries(fields().map((each) => [each.name, each.type === "checkbox" ? each.checked : each.value]));
}

function fill(saved) {
  for (const each of fields()) {
    if (!(each.name in saved)) continue;
    if (each.type === "checkbox") each.checked = Boolean(saved[each.name]);
    else each.value = String(saved[each.name]);
  }
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function announce(draft, giveUp) {
  const notice = document.getElementById("draft");
  const moment = new Date(draft.at).toISOString().slice(0, 16).replace("T", " ");
  const discard = element("button", { type: "button", textContent: "Discard" });
  discard.addEventListener("click", () => {
    giveUp();
    notice.hidden = true;
    form.querySelector("input:not([type=hidden]), select, textarea").focus();
  });
  notice.replaceChildren(element("p", {}, `Draft of ${moment} UTC restored; it is in this browser only. `, discard));
  notice.hidden = false;
}

function start() {
  const key = PREFIX + form.dataset.draft;
  const beginning = values();
  const draft = read(key);
  let timer = null;
  const save = () => {
    clearTimeout(timer);
    timer = null;
    localStorage.setItem(key, JSON.stringify({ at: Date.now(), values: values() }));
  };
  sessionStorage.removeItem(SENT); // The server returned the form.
  document.getElementById("draft-note").hidden = false;
  if ("filled" in form.dataset) {
    // Values from the server are newer than any draft.
    save();
  } else if (draft) {
    fill(draft.values);
    announce(draft, () => {
      clearTimeout(timer);
      timer = null;
      forget(key);
      fill(beginning);
    });
  }
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  });
  addEventListener("pagehide", () => {
    if (timer) save();
  });
  form.addEventListener("submit", (event) => {
    save();
    if (!event.submitter?.hasAttribute("formaction")) sessionStorage.setItem(SENT, key);
  });
}

try {
  forgetOld();
  if (form) {
    start();
  } else if (sessionStorage.getItem(SENT)) {
    // This is the page of the result: the server has accepted the form.
    forget(sessionStorage.getItem(SENT));
    sessionStorage.removeItem(SENT);
  }
} catch {
  // This browser stores nothing for pages.
}
