// Says aloud what an update of the page changed, for who does not see it: only how a whole case stands, and what now
// waits for its applicant; and that what is shown may be old while asking keeps failing. One failure is nothing.
const note = document.querySelector("[data-stale]");
let failed = 0;

function asked(answered) {
  failed = answered ? 0 : failed + 1;
  const words = failed < 2 ? "" : note.dataset.stale;
  if (note.textContent !== words) note.textContent = words;
}

document.addEventListener("htmx:after:request", ({ detail }) => asked(detail.ctx.response.status < 400));
document.addEventListener("htmx:error", () => asked(false));

const changes = document.querySelector("[data-changes]");
const standing = () => new Map([...document.querySelectorAll("#live [data-tell]")].map((one) => [one.dataset.tell, one.textContent]));
let told = standing();

document.addEventListener("htmx:after:swap", () => {
  const now = standing();
  const fresh = [...now].filter(([what]) => !told.has(what)).map(([, words]) => words);
  if (changes && fresh.length) changes.textContent = fresh.join("");
  told = now;
});
