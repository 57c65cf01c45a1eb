// Fetches the content of an accordion when it is first opened, and checks that two rows are ticked before it
// sends.

async function fill(panel) {
  const address = panel.dataset.part;
  delete panel.dataset.part;
  const answer = await fetch(address).catch(() => null);
  if (!answer || !answer.ok || answer.redirected) {
    return; // The link inside the accordion still works.
  }
  const summary = panel.querySelector(":scope > summary");
  const content = document.createElement("template");
  content.innerHTML = await answer.text();
  while (summary.nextSibling) {
    summary.nextSibling.remove();
  }
  panel.append(content.content);
  watch(panel);
  openAsked();
}

// An address may name a panel inside one that has not been fetched yet: `#acs-biasfile` is inside `#acs`.
function openAsked() {
  const name = decodeURIComponent(location.hash.slice(1));
  const panel = name && (document.getElementById(name) || document.getElementById(name.split("-")[0]));
  if (panel && panel.matches(".accordion details")) {
    panel.open = true;
  }
}

function watch(root) {
  for (const panel of root.querySelectorAll("details[data-part]")) {
    panel.addEventListener("toggle", () => panel.open && panel.dataset.part && fill(panel));
    if (panel.open) {
      fill(panel);
    }
  }
  for (const form of root.querySelectorAll("form.picks")) {
    form.addEventListener("submit", (event) => count(event, form));
  }
}

function count(event, form) {
  const ticked = form.querySelectorAll("input:checked").length;
  let note = form.querySelector("[role=status]");
  if (!note) {
    note = document.createElement("p");
    note.setAttribute("role", "status");
    note.className = "notice warn";
    form.prepend(note);
  }
  note.hidden = ticked === 2;
  if (ticked !== 2) {
    event.preventDefault();
    note.textContent = `Tick exactly two rows to compare them. You ticked ${ticked}.`;
    note.scrollIntoView({ block: "nearest" });
  }
}

watch(document);
openAsked();
