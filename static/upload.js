// Uploads one paper at a time with a progress bar; without it the same form posts as it is.
for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  const bar = form.querySelector("progress");
  const note = form.querySelector("[data-upload-note]");
  const limit = Number(form.dataset.maxMb) * 1024 * 1024;

  const say = (text) => { note.textContent = text; };

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
      bar.hidden = true;
      say(problem.detail || "没有传上去，请再选一次文件。");
      input.value = "";
      input.focus();
    });
    request.addEventListener("error", () => { bar.hidden = true; say("网络断开了，请再选一次文件；已保存的内容都在。"); });
    bar.hidden = false;
    bar.value = 0;
    request.send(new FormData(form));
  };

  input.addEventListener("change", () => {
    if (!input.files.length) return;
    if ([...input.files].some((file) => file.size > limit)) {
      say(`文件超过 ${form.dataset.maxMb} MB，请压缩后再选。`);
      input.value = "";
      return;
    }
    send();
  });
  form.querySelector("button").hidden = true;
}
