// Uploads one paper at a time with a progress bar; without it the same form posts as it is.

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

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  const bar = form.querySelector("progress");
  const note = form.querySelector("[data-upload-note]");
  const limit = Number(form.dataset.maxMb) * 1024 * 1024;

  const name = form.dataset.name;
  const group = input.closest(".govuk-form-group");

  const say = (text) => { note.textContent = text; };

  const refuse = (text) => {
    bar.hidden = true;
    say("");
    for (const old of group.querySelectorAll(".govuk-error-message")) old.remove();
    const message = document.createElement("p");
    message.className = "govuk-error-message";
    message.id = `${input.id}-error`;
    message.setAttribute("role", "alert");
    message.innerHTML = '<span class="govuk-visually-hidden">需要修改：</span>';
    message.append(text);
    input.before(message);
    group.classList.add("govuk-form-group--error");
    input.setAttribute("aria-describedby", `${input.id}-hint ${message.id}`);
    summarise(input.id, `${name}：${text}`);
    input.value = "";
    input.focus();
  };

  const send = () => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = Math.round((event.loaded / event.total) * 100);
      say(`正在上传 ${bar.value}%`);
    });
    request.addEventListener("load", () => {
      if (request.status < 400) {
        say("上传完成");
        location.replace(form.dataset.done);
        location.reload();
        return;
      }
      let problem = {};
      try { problem = JSON.parse(request.responseText); } catch { /* not ours: the general sentence is shown */ }
      refuse(problem.detail || "没有传上去，请再选一次文件");
    });
    request.addEventListener("error", () => refuse("网络断开了，请再选一次文件；已保存的内容都在"));
    bar.hidden = false;
    bar.value = 0;
    request.send(new FormData(form));
  };

  input.addEventListener("change", () => {
    if (!input.files.length) return;
    if ([...input.files].some((file) => file.size > limit)) {
      refuse(`文件超过 ${form.dataset.maxMb} MB，请压缩后再选`);
      return;
    }
    send();
  });
  form.querySelector("button").hidden = true;
}
