// Counts the lock of this session down to its end, once a second, and warns before.
const lock = document.getElementById("lock");
const shown = document.getElementById("time_remaining");
const warning = document.getElementById("lock_warning");
const end = Date.now() + 1000 * Number(lock.dataset.seconds);
let warned = false;

function text(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

const timer = setInterval(() => {
  const left = Math.max(0, Math.round((end - Date.now()) / 1000));
  shown.textContent = text(left);
  if (left === 0) {
    clearInterval(timer);
    lock.textContent = "lock expired";
    warning.textContent = "";
    document.getElementById("lock_again").hidden = false;
  } else if (left <= Number(lock.dataset.warn) && !warned) {
    warned = true;
    warning.textContent = "Your lock ends in ten minutes unless you do something.";
  }
}, 1000);
