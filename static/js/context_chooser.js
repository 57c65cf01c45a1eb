// Shows the present choice in the closed panel. A picked or typed context selects its radio button.
const panel = document.getElementById("context_chooser");
const menu = document.getElementById("id_pmap_menu");
const typed = document.getElementById("id_pmap_text");

function way(value) {
  return panel.querySelector(`input[name="pmap_mode"][value="${value}"]`);
}

function titleOf(mode) {
  if (mode === "pmap_menu") {
    return menu.value ? `${menu.selectedOptions[0].textContent} (Recent)` : "";
  }
  if (mode === "pmap_text") {
    return typed.value.trim() ? `${typed.value.trim()} (User Specified)` : "";
  }
  return way(mode).dataset.title;
}

function show() {
  const mode = panel.querySelector('input[name="pmap_mode"]:checked')?.value;
  const title = (mode && titleOf(mode)) || "No context is chosen yet";
  panel.querySelector("summary").textContent = `Context: ${title}`;
}

menu.addEventListener("change", () => { way("pmap_menu").checked = true; });
typed.addEventListener("input", () => { way("pmap_text").checked = true; });
panel.addEventListener("input", show);
panel.addEventListener("change", show);
