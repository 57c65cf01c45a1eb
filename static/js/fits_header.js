// Reads the header of a local FITS or ASDF file into the text area, as the client reads it: the cards of all
// extensions, or the tree. The rest of the file is not kept, and the file field has no name, so that no browser
// ever sends the file itself.
const BLOCK = 2880;
const CARD = 80;
const LONGEST = 2000; // blocks of one header
const MOST = 2000; // headers of one file
const LARGEST_TREE = 16 << 20; // bytes
const PIECE = 1 << 16; // bytes of a tree read at once

// Returns a function that reads `length` bytes from `start` on, or fewer at the end. A compressed file is unpacked
// while it is read, and the bytes before `start` are dropped: later calls must not ask for them.
async function reader(file) {
  const magic = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) {
    return async (start, length) => new Uint8Array(await file.slice(start, start + length).arrayBuffer());
  }
  const stream = file.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  let known = new Uint8Array(0);
  let offset = 0; // of the first known byte in the unpacked file
  return async (start, length) => {
    while (offset + known.length < start + length) {
      const { done, value } = await stream.read();
      if (done) break;
      const kept = known.subarray(Math.min(known.length, start - offset));
      offset += known.length - kept.length;
      known = new Uint8Array(kept.length + value.length);
      known.set(kept);
      known.set(value, kept.length);
    }
    return known.slice(start - offset, start - offset + length);
  };
}

function text(bytes) {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

// Returns the cards of the header that begins at `start`, and its end. Any character that is not part of a keyword
// may follow END, because some writers fill the card with zeros.
async function header(read, start) {
  const cards = [];
  for (let block = 0; block < LONGEST; block += 1) {
    const bytes = await read(start + block * BLOCK, BLOCK);
    const characters = text(bytes);
    for (let place = 0; place < characters.length; place += CARD) {
      const card = characters.slice(place, place + CARD);
      if (/^END(?![A-Z0-9_-])/.test(card)) return { cards, end: start + (block + 1) * BLOCK };
      cards.push(card);
    }
    if (bytes.length < BLOCK) break;
  }
  throw new Error("its header has no END");
}

function value(cards, keyword) {
  const card = cards.find((one) => one.startsWith(`${keyword.padEnd(8)}=`));
  return card ? card.slice(9).trim() : "";
}

function number(cards, keyword, otherwise) {
  const found = Number.parseInt(value(cards, keyword), 10);
  return Number.isNaN(found) ? otherwise : found;
}

// Returns the number of bytes of data after a header, in whole blocks (FITS standard, sections 4.4.1 and 6.1.1).
// The first axis of random groups has no length.
function dataSize(cards) {
  const axes = number(cards, "NAXIS", 0);
  const areGroups = cards[0].startsWith("SIMPLE  =") && value(cards, "GROUPS").startsWith("T");
  const first = areGroups ? 2 : 1;
  if (axes < first) return 0;
  let size = 1;
  for (let axis = first; axis <= axes; axis += 1) size *= number(cards, `NAXIS${axis}`, 0);
  const bits = Math.abs(number(cards, "BITPIX", 8));
  const whole = (bits / 8) * number(cards, "GCOUNT", 1) * (number(cards, "PCOUNT", 0) + size);
  return Math.ceil(whole / BLOCK) * BLOCK;
}

// Returns the cards without commentary. A card of commentary may look like any other card; the cards that continue
// it are left out too.
function telling(cards) {
  let isLeftOut = false;
  return cards.filter((card) => {
    const keyword = card.slice(0, 8).trim().toUpperCase();
    if (keyword !== "CONTINUE") isLeftOut = ["", "COMMENT", "HISTORY"].includes(keyword);
    return !isLeftOut;
  });
}

async function fitsHeader(read) {
  const found = [];
  let start = 0;
  let count = 0;
  for (;;) {
    const { cards, end } = await header(read, start);
    found.push(...telling(cards));
    count += 1;
    if (count === MOST || value(cards, "SIMPLE").startsWith("F")) break;
    start = end + dataSize(cards);
    if (text(await read(start, 9)) !== "XTENSION=") break;
  }
  const plain = found.map((card) => card.replace(/[^ -~]/g, "?").trimEnd());
  return {
    text: plain.join("\n"),
    told: `${found.length} cards of ${count} header${count > 1 ? "s" : ""}`,
  };
}

async function asdfTree(read) {
  const pieces = [];
  const decoder = new TextDecoder();
  let found = "";
  for (let start = 0; start < LARGEST_TREE; start += PIECE) {
    const bytes = await read(start, PIECE);
    pieces.push(decoder.decode(bytes, { stream: true }));
    // The end mark may be split between two pieces.
    if ((pieces.at(-2) ?? "").slice(-4).concat(pieces.at(-1)).includes("\n...") || bytes.length < PIECE) {
      found = pieces.join("");
      break;
    }
  }
  const end = found.indexOf("\n...");
  if (end < 0) throw new Error("its tree has no end");
  const tree = found.slice(0, end);
  return { text: `${tree}\n...\n`, told: `The tree, ${tree.split("\n").length} lines,` };
}

// Returns the header of a file as text, and a summary for the status line.
export async function readHeader(file) {
  const read = await reader(file);
  const first = text(await read(0, 9));
  if (first.startsWith("#ASDF")) return asdfTree(read);
  if (first !== "SIMPLE  =") throw new Error("it is neither a FITS file nor an ASDF file");
  return fitsHeader(read);
}

function watch(chooser) {
  const area = document.getElementById("id_header_text");
  const name = document.getElementById("id_header_name");
  const status = document.getElementById("fits_status");
  const dataset = document.getElementById("id_dataset_id");
  let latest = 0; // If two files are chosen quickly, the later one counts.

  function choose(mode) {
    document.querySelector(`input[name="dataset_mode"][value="${mode}"]`).checked = true;
  }

  async function show() {
    const [file] = chooser.files;
    if (!file) return;
    latest += 1;
    const mine = latest;
    status.textContent = `Reading ${file.name} …`;
    try {
      const found = await readHeader(file);
      if (mine !== latest) return;
      area.value = found.text;
      name.value = file.name.slice(0, 128);
      choose("header");
      status.textContent = `${found.told} of ${file.name}.`;
    } catch (error) {
      if (mine === latest) status.textContent = `${file.name} cannot be read: ${error.message}.`;
    }
  }

  for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
  chooser.addEventListener("change", show);
  area.addEventListener("input", () => { choose("header"); name.value = ""; });
  dataset.addEventListener("input", () => choose("dataset"));
}

if (globalThis.document) watch(document.getElementById("fits_file"));
