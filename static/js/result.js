// Announces the result of a delivery, after `log.js` has seen the end of its job and has loaded the page again.

const ENDED = "crds-result-ended"; // As in `log.js`.

if (sessionStorage.getItem(ENDED) === location.pathname) {
  const outcome = document.getElementById("outcome");
  const isStillOpen = document.getElementById("log"); // Then the job has ended and its submission has not.
  if (!isStillOpen) sessionStorage.removeItem(ENDED);
  // Screen readers read a live region that changes after the page was loaded.
  setTimeout(() => {
    document.getElementById("announcement").textContent = outcome.innerText;
  }, 500);
}
