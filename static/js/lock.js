// Shows the remaining time of this session's lock every second, warns before its end, and extends it without
// leaving the page, where a form may be half filled in.
const lock = document.getElementById("lock");
const shown = document.getElementById("time_remaining");
const warning = document.getElementById("lock_warning");
const again = document.getElementById("lock_again");
const extend = document.getElementById("lock_extend");
let end = Date.now() + 1000 * Number(lock.dataset.seconds);
let warned = false;

function text(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function expire() {
  clearInterval(timer);
  lock.textContent = "lock expired";
  warning.textContent = "";
  extend.hidden = true;
  again.hidden = false;
}

const timer = setInterval(() => {
  const left = Math.max(0, Math.round((end - Date.now()) / 1000));
  shown.textContent = text(left);
  if (left === 0) {
    expire();
  } else if (left <= Number(lock.dataset.warn) && !warned) {
    warned = true;
    warning.textContent = "Your lock ends in ten minutes. Extend it to keep it.";
  }
}, 1000);

extend.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const answer = await fetch(extend.action, {
      method: "POST",
      body: new FormData(extend),
      headers: { Accept: "application/json" },
      credentials: "same-origin",
    });
    if (!answer.ok) {
      expire();
      return;
    }
    const { seconds } = await answer.json();
    end = Date.now() + 1000 * seconds;
    warned = false;
    shown.textContent = text(seconds);
    warning.textContent = "The lock is extended.";
  } catch {
    warning.textContent = "The server cannot be reached; try again.";
  }
});
