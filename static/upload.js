// Uploads the chosen files with a progress bar; without it the same form posts as it is.
//
// One file is sent at a time, each by itself: a limit for one file is then never met by several together. The page is
// loaded anew when nothing is on its way any more, or what is on its way would be broken off.
const waiting = [];
const REFUSED = "refused-uploads";
const papers = new Map();
let busy = false;
let done = "";

function next() {
  const send = waiting.shift();
  busy = Boolean(send);
  if (send) send();
  else if (done) renew();
}

// What was refused is said again on the new page; where nothing can be kept, the page stays as it is.
function renew() {
  const refused = [...papers].map(([id, paper]) => [id, paper.wrong]).filter(([, wrong]) => wrong.length);
  try {
    if (refused.length) sessionStorage.setItem(REFUSED, JSON.stringify(refused));
  } catch { return; }
  location.replace(done);
  location.reload();
}

function kept() {
  try {
    const found = JSON.parse(sessionStorage.getItem(REFUSED) || "[]");
    sessionStorage.removeItem(REFUSED);
    return found;
  } catch { return []; }
}

addEventListener("beforeunload", (event) => { if (busy) event.preventDefault(); });

// The summary on top of the page names what is wrong with this paper, in place of what it said of it before.
function summarise(id, words) {
  let summary = document.querySelector(".govuk-error-summary");
  if (!summary) {
    summary = document.createElement("div");
    summary.className = "govuk-error-summary";
    summary.innerHTML = '<div role="alert"><h2 class="govuk-error-summary__title"></h2><div class="govuk-error-summary__body"><ul class="govuk-list govuk-error-summary__list"></ul></div></div>';
    document.querySelector("main h1").before(summary);
  }
  const list = summary.querySelector("ul");
  const before = [...list.querySelectorAll("a")].filter((link) => link.getAttribute("href") === `#${id}`);
  before.slice(1).forEach((link) => link.closest("li").remove());
  let link = before[0];
  if (!link) {
    link = document.createElement("a");
    link.href = `#${id}`;
    list.append(document.createElement("li"));
    list.lastElementChild.append(link);
  }
  link.textContent = words;
  summary.querySelector("h2").textContent = `有 ${list.children.length} 处需要修改`;
}

// A photograph that is too big, or that a telephone keeps in a way that is not taken, becomes a smaller JPEG, upright as
// it was shot; null where this browser cannot read it, or it stays too big.
const PICTURE = /\.(jpe?g|png|heic|heif|webp)$/i;
const MOST_PIXELS = 16e6; // of more a telephone's canvas stays empty, and says nothing
async function smaller(file, limit) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return null;
  const canvas = document.createElement("canvas");
  let scale = Math.min(1, Math.sqrt(MOST_PIXELS / (picture.width * picture.height)));
  for (let step = 0; step < 8; step += 1, scale *= 0.8) {
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff"; // what a picture leaves open would be black
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const made = await new Promise((answer) => { canvas.toBlob(answer, "image/jpeg", 0.88); });
    if (made && made.size <= limit) return new File([made], `${file.name.replace(/\.[^.]*$/, "")}.jpg`, { type: made.type });
  }
  return null;
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  const bar = form.querySelector("progress");
  const note = form.querySelector("[data-upload-note]");
  const limit = Number(form.dataset.maxMb) * 1024 * 1024;
  const group = input.closest(".govuk-form-group");
  const paper = { wrong: [] };
  papers.set(input.id, paper);

  const say = (text) => { note.textContent = text; };

  paper.refuse = (text) => {
    paper.wrong.push(text);
    bar.hidden = true;
    say("");
    for (const old of group.querySelectorAll(".govuk-error-message")) old.remove();
    const words = paper.wrong.join("；");
    const message = document.createElement("p");
    message.className = "govuk-error-message";
    message.id = `${input.id}-error`;
    message.setAttribute("role", "alert");
    message.innerHTML = '<span class="govuk-visually-hidden">需要修改：</span>';
    message.append(words);
    input.before(message);
    group.classList.add("govuk-form-group--error");
    input.setAttribute("aria-describedby", `${input.id}-hint ${message.id}`);
    input.setAttribute("aria-invalid", "true");
    summarise(input.id, words.startsWith(form.dataset.name) ? words : `${form.dataset.name}：${words}`);
    const folded = form.closest("details");
    if (folded) folded.open = true;
    if (!waiting.length) input.focus();
  };

  const send = (file, named) => {
    const request = new XMLHttpRequest();
    const refuse = (text) => { paper.refuse(named + text); next(); };
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = Math.round((event.loaded / event.total) * 100);
      say(`正在上传 ${named}${bar.value}%`);
    });
    request.addEventListener("load", () => {
      if (request.status < 400) {
        bar.hidden = true;
        say(`${named}上传完成`);
        done = form.dataset.done;
        next();
        return;
      }
      let problem = {};
      try { problem = JSON.parse(request.responseText); } catch { /* not ours: the general sentence is shown */ }
      refuse(problem.detail || "没有传上去，请再选一次文件");
    });
    request.addEventListener("error", () => refuse("网络断开了，请再选一次文件；已保存的内容都在"));
    bar.hidden = false;
    bar.value = 0;
    const body = new FormData(form);
    body.set("file", file, file.name);
    request.send(body);
  };

  // As it is where it is taken so; a photograph smaller where that is needed.
  const fit = async (file, named) => {
    const ending = `.${file.name.split(".").pop().toLowerCase()}`.replace(".jpeg", ".jpg");
    const taken = input.accept.split(",").includes(ending);
    if (taken && file.size <= limit) { send(file, named); return; }
    let made = null;
    if (PICTURE.test(file.name) && input.accept.includes(".jpg")) {
      say(`正在缩小 ${named}照片`);
      made = await smaller(file, limit).catch(() => null);
    }
    if (made || !taken) { send(made || file, named); return; } // what cannot be read is refused with how to go on
    paper.refuse(`${named}文件超过 ${form.dataset.maxMb} MB；${PICTURE.test(file.name) ? form.dataset.smallerPicture : form.dataset.smaller}`);
    next();
  };

  input.addEventListener("change", () => {
    const chosen = [...input.files];
    paper.wrong = [];
    input.value = "";
    for (const file of chosen) {
      const named = chosen.length > 1 ? `${file.name}：` : "";
      waiting.push(() => fit(file, named));
    }
    if (busy && waiting.length) say("等前面的文件传完");
    if (!busy) next();
  });
  form.querySelector("button").hidden = true;
}

// After the page was loaded anew one is where one was: at the paper that has its file now.
if (location.hash.startsWith("#paper-")) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.focus();

for (const [id, wrong] of kept()) {
  const paper = papers.get(id);
  if (paper) wrong.forEach(paper.refuse);
}
