// Old and new picture in one place: a slider mixes them, a button shows them by turns.
// Without this script they stand side by side.

const PAUSE = 700; // milliseconds for which one picture is shown

const box = document.getElementById("blink");
const share = document.getElementById("blink-share");
const upper = document.getElementById("blink-new");
const button = document.getElementById("blink-go");
let timer = 0;

function show(percent) {
  share.value = percent;
  upper.style.opacity = percent / 100;
}

function stop() {
  clearInterval(timer);
  timer = 0;
  button.setAttribute("aria-pressed", "false");
}

if (box) {
  box.hidden = false;
  show(50);
  share.addEventListener("input", () => {
    stop();
    show(share.value);
  });
  button.addEventListener("click", () => {
    if (timer) {
      stop();
      return;
    }
    button.setAttribute("aria-pressed", "true");
    show(0);
    timer = setInterval(() => show(share.value === "0" ? 100 : 0), PAUSE);
  });
}
