// Says that the progress shown may be old while asking for it keeps failing. One failure is nothing: it is asked again.
const note = document.querySelector("[data-stale]");
let failed = 0;

function asked(answered) {
  failed = answered ? 0 : failed + 1;
  const words = failed < 2 ? "" : note.dataset.stale;
  if (note.textContent !== words) note.textContent = words;
}

document.addEventListener("htmx:after:request", ({ detail }) => asked(detail.ctx.response.status < 400));
document.addEventListener("htmx:error", () => asked(false));
