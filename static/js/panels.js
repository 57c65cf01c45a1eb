// A panel that is opened is named in the address, so that the address can be passed on.
for (const panel of document.querySelectorAll("main > details[id]")) {
  panel.querySelector("summary").addEventListener("click", () => {
    if (!panel.open) {
      history.replaceState(null, "", `#${panel.id}`);
    }
  });
}
