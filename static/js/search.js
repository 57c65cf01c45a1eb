// The search box at the top: lists hits while somebody types; arrows, Enter and Escape work in the list. Without
// this script the form opens a page with the same hits.

const PAUSE = 120; // milliseconds after the last key
const input = document.getElementById("search");
const form = input?.form;

if (form) {
  const list = document.createElement("ul");
  list.id = "search-list";
  list.className = "search-results";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Found");
  list.hidden = true;
  const told = document.createElement("span");
  told.className = "hidden";
  told.setAttribute("role", "status");
  form.append(list, told);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  let timer = 0;
  let request = null;
  let chosen = -1;

  const options = () => [...list.querySelectorAll("[role=option]")];

  function close() {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    list.replaceChildren();
    told.textContent = "";
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(number) {
    const known = options();
    chosen = number;
    known.forEach((option, at) => option.setAttribute("aria-selected", String(at === number)));
    if (number < 0) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    input.setAttribute("aria-activedescendant", known[number].id);
    known[number].scrollIntoView({ block: "nearest" });
  }

  function option(hit, number) {
    const item = document.createElement("li");
    item.setAttribute("role", "presentation");
    const link = document.createElement("a");
    link.id = `search-hit-${number}`;
    link.href = hit.address;
    link.tabIndex = -1;
    link.setAttribute("role", "option");
    link.setAttribute("aria-selected", "false");
    const title = document.createElement("span");
    title.textContent = hit.title;
    const kind = document.createElement("small");
    kind.textContent = hit.badge ? `${hit.kind}, ${hit.badge}` : hit.kind;
    link.append(title, kind);
    item.append(link);
    return item;
  }

  function show(hits) {
    chosen = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...hits.map(option));
    list.hidden = !hits.length;
    input.setAttribute("aria-expanded", String(hits.length > 0));
    told.textContent = hits.length ? `${hits.length} found` : "Nothing found";
  }

  async function ask(text) {
    request?.abort();
    const mine = new AbortController();
    request = mine;
    try {
      const address = `${form.action}?format=json&q=${encodeURIComponent(text)}`;
      const answer = await fetch(address, { signal: mine.signal, headers: { Accept: "application/json" } });
      if (answer.ok && request === mine) {
        show((await answer.json()).hits);
      }
    } catch (error) {
      if (error.name !== "AbortError") {
        close(); // The server does not answer; the form still works.
      }
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    const text = input.value.trim();
    if (!text) {
      close();
      return;
    }
    timer = setTimeout(() => ask(text), PAUSE);
  });

  input.addEventListener("keydown", (event) => {
    const known = options();
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && known.length) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      // The place before the first hit is the box itself.
      choose(((chosen + 1 + step + known.length + 1) % (known.length + 1)) - 1);
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      known[chosen].click();
    }
  });

  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) {
      close();
    }
  });
  // A press on a hit must not take the focus, or the list would close before the click.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
}
