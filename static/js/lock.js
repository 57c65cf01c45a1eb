// Shows the remaining time of this session's lock every second, warns before its end, and extends it or takes it
// again without leaving the page, where a form may be half filled in.
const lock = document.getElementById("lock"); // Only while the session holds a lock.
const warning = document.getElementById("lock_warning");
const extend = document.getElementById("lock_extend");
const take = document.getElementById("lock_take");
let end = lock ? Date.now() + 1000 * Number(lock.dataset.seconds) : 0;
let warned = false;
let timer = null;

function text(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function expire() {
  clearInterval(timer);
  lock.textContent = "lock expired";
  warning.textContent = "";
  extend.hidden = true;
  take.hidden = false;
}

function count() {
  const left = Math.max(0, Math.round((end - Date.now()) / 1000));
  document.getElementById("time_remaining").textContent = text(left);
  if (left === 0) {
    expire();
  } else if (left <= Number(lock.dataset.warn) && !warned) {
    warned = true;
    warning.textContent = "Your lock ends in ten minutes. Extend it to keep it.";
  }
}

// Sends a form, and returns the answer; null if the server cannot be reached.
async function send(form) {
  try {
    return await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
      credentials: "same-origin",
    });
  } catch {
    warning.textContent = "The server cannot be reached; try again.";
    return null;
  }
}

if (lock) {
  timer = setInterval(count, 1000);
  extend.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await send(extend);
    if (!answer) return;
    if (!answer.ok) {
      expire();
      return;
    }
    const { seconds } = await answer.json();
    end = Date.now() + 1000 * seconds;
    warned = false;
    count();
    warning.textContent = "The lock is extended.";
  });
}

take.addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await send(take);
  if (!answer) return;
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    warning.textContent = told.error || `The server answered ${answer.status}. Reload the page.`;
    return;
  }
  const { instrument } = Object.fromEntries(new FormData(take));
  const shown = Object.assign(document.createElement("span"), { id: "time_remaining" });
  const place = lock || take;
  const now = Object.assign(document.createElement("span"), { id: "lock" });
  now.append(`[${instrument} `, shown, "]");
  place.before(now);
  if (lock) lock.remove();
  take.hidden = true;
  warning.textContent = `You hold the lock of ${instrument} again.`;
  end = Date.now() + 1000 * told.seconds;
  const notice = document.getElementById("lock_notice");
  if (notice) notice.textContent = `You hold the lock of ${instrument}.`;
  timer = setInterval(() => {
    shown.textContent = text(Math.max(0, Math.round((end - Date.now()) / 1000)));
  }, 1000);
});
