// Reads the header of a local FITS file into the text area. Only header blocks are read; nothing else of the
// file is looked at, and the chooser has no name, so that no browser ever sends the file itself.
const BLOCK = 2880;
const CARD = 80;
const LONGEST = 400; // blocks of one header

const chooser = document.getElementById("fits_file");
const all = document.getElementById("fits_all");
const text = document.getElementById("id_header_text");
const name = document.getElementById("id_header_name");
const status = document.getElementById("fits_status");
const dataset = document.getElementById("id_dataset_id");
let latest = 0; // Of two files chosen quickly the later one counts.

function choose(mode) {
  document.querySelector(`input[name="dataset_mode"][value="${mode}"]`).checked = true;
}

// Returns a function that reads `length` bytes from `start` on; of a compressed file the beginning is unpacked.
async function reader(file) {
  const magic = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) {
    return async (start, length) => new Uint8Array(await file.slice(start, start + length).arrayBuffer());
  }
  const stream = file.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  let known = new Uint8Array(0);
  return async (start, length) => {
    while (known.length < start + length && start + length <= LONGEST * BLOCK) {
      const { done, value } = await stream.read();
      if (done) break;
      const longer = new Uint8Array(known.length + value.length);
      longer.set(known);
      longer.set(value, known.length);
      known = longer;
    }
    return known.slice(start, start + length);
  };
}

// Returns the cards of the header that begins at `start`, and where it ends.
async function header(read, start) {
  const cards = [];
  for (let block = 0; block < LONGEST; block += 1) {
    const bytes = await read(start + block * BLOCK, BLOCK);
    if (bytes.length < BLOCK) break;
    const characters = String.fromCharCode(...bytes);
    for (let place = 0; place < BLOCK; place += CARD) {
      const card = characters.slice(place, place + CARD);
      if (card.startsWith("END") && !card.slice(3).trim()) return { cards, end: start + (block + 1) * BLOCK };
      cards.push(card.trimEnd());
    }
  }
  throw new Error("its header has no END");
}

function number(cards, keyword, otherwise) {
  const card = cards.find((one) => one.startsWith(keyword.padEnd(8) + "="));
  return card ? Number.parseInt(card.slice(9), 10) : otherwise;
}

// Returns how many bytes of data, filled up to whole blocks, follow a header.
function dataSize(cards) {
  const axes = number(cards, "NAXIS", 0);
  if (!axes) return 0;
  let size = 1;
  for (let axis = 1; axis <= axes; axis += 1) {
    const length = number(cards, `NAXIS${axis}`, 0);
    size *= axis === 1 && length === 0 ? 1 : length;
  }
  const bits = Math.abs(number(cards, "BITPIX", 8));
  const whole = (bits / 8) * number(cards, "GCOUNT", 1) * (number(cards, "PCOUNT", 0) + size);
  return Math.ceil(whole / BLOCK) * BLOCK;
}

async function headers(file) {
  const read = await reader(file);
  const first = String.fromCharCode(...(await read(0, 9)));
  if (first !== "SIMPLE  =") throw new Error("it does not begin as a FITS file does");
  let { cards, end } = await header(read, 0);
  const found = [...cards];
  let count = 1;
  while (all.checked) {
    end += dataSize(cards);
    const start = String.fromCharCode(...(await read(end, 9)));
    if (start !== "XTENSION=") break;
    ({ cards, end } = await header(read, end));
    found.push(...cards);
    count += 1;
  }
  return { cards: found.filter((card) => card), count };
}

async function show() {
  const [file] = chooser.files;
  if (!file) return;
  latest += 1;
  const mine = latest;
  status.textContent = `Reading ${file.name} …`;
  try {
    const found = await headers(file);
    if (mine !== latest) return;
    text.value = found.cards.join("\n");
    name.value = file.name.slice(0, 128);
    choose("header");
    status.textContent = `${found.cards.length} cards of ${found.count} header${found.count > 1 ? "s" : ""} of ${file.name}.`;
  } catch (error) {
    if (mine === latest) status.textContent = `${file.name} cannot be read: ${error.message}.`;
  }
}

for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
chooser.addEventListener("change", show);
all.addEventListener("change", show);
text.addEventListener("input", () => { choose("header"); name.value = ""; });
dataset.addEventListener("input", () => choose("dataset"));
