// Puts the name of an opened panel into the address, so that people can pass the address on.
for (const panel of document.querySelectorAll("main > details[id]")) {
  panel.querySelector("summary").addEventListener("click", () => {
    if (!panel.open) {
      history.replaceState(null, "", `#${panel.id}`);
    }
  });
}
