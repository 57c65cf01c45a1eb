// Scripts of every page: colours without a reload, `/` to search, buttons that copy.

for (const button of document.querySelectorAll(".theme button")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${button.value}; path=/; max-age=31536000; samesite=lax${secure}`;
    if (button.value === "auto") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = button.value;
    }
    for (const other of document.querySelectorAll(".theme button")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  });
}

const search = document.getElementById("search");
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
  }
});

// The server writes the copy buttons hidden, because they do nothing without a script.
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}

// Opens the panel that the address names, and the panels around it.
function openNamed() {
  const name = decodeURIComponent(location.hash.slice(1));
  for (let at = name && document.getElementById(name); at; at = at.parentElement) {
    if (at.tagName === "DETAILS") {
      at.open = true;
    }
  }
}
addEventListener("hashchange", openNamed);
openNamed();
