// The quick look into a file: shows it as soon as it is made, and filters header cards while somebody types.
// Without this script a link loads the page again and a button filters.

const look = document.getElementById("look");
const PAUSE = 1500; // milliseconds
const LONG_PAUSE = 15000; // milliseconds, when many others wait

async function stillWaits(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    return !answer.ok || (await answer.json()).status === "waiting";
  } catch {
    return true; // The server cannot be reached now; ask again later.
  }
}

async function watch(address, pause) {
  do {
    await new Promise((resolve) => setTimeout(resolve, pause));
  } while (document.hidden || (await stillWaits(address)));
  location.reload();
}

if (look?.dataset.ask) {
  watch(look.dataset.ask, "busy" in look.dataset ? LONG_PAUSE : PAUSE);
}

const filter = document.getElementById("card-filter");
const found = document.getElementById("cards-found");
const rows = [...document.querySelectorAll("#look .header tbody tr")];

filter?.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  let count = 0;
  for (const row of rows) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
    count += !row.hidden;
  }
  found.textContent = wanted ? `${count} card${count === 1 ? "" : "s"} with “${wanted}” on this page` : "";
  for (const part of document.querySelectorAll("#look .part")) {
    // A closed panel would hide the cards that were found.
    if (wanted && part.querySelector(".header tbody tr:not([hidden])")) {
      part.open = true;
    }
  }
});
