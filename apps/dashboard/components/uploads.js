// Files go up by HTTP, not over the websocket: <input type=file data-upload="/api/datasets" data-act="uploaded"> inside an
// element with data-uploads, in which an empty element with data-progress shows how far it is. The page then hears the
// name under which the file was kept.
const sizeInWords = (bytes) => bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

function nameOf(file) {
  const safe = file.name.replace(/[^\p{L}\p{N}_.()+ -]/gu, "_").replace(/^[^\p{L}\p{N}_(+]+/u, "");
  return safe.slice(-100).trim() || "data";
}

function sayAt(line, words, isBad) {
  const said = document.createElement("span");
  said.textContent = words;
  said.className = isBad ? "wrong" : "about";
  if (isBad) said.setAttribute("role", "alert");
  line.replaceChildren(said);
}

function upload(input, send) {
  const [file] = input.files;
  const line = input.closest("[data-uploads]")?.querySelector("[data-progress]");
  if (!file || !line || !OWN.test(input.dataset.upload)) return;
  const bar = Object.assign(document.createElement("progress"), {max: 1, value: 0});
  const words = document.createElement("span");
  const stop = Object.assign(document.createElement("button"), {type: "button", className: "quiet", textContent: "Cancel"});
  bar.setAttribute("aria-label", `Uploading ${file.name}`);
  line.replaceChildren(bar, words, stop);
  const request = new XMLHttpRequest();
  stop.onclick = () => request.abort();
  request.upload.onprogress = ({loaded, total}) => {
    bar.value = loaded / total;
    words.textContent = `${sizeInWords(loaded)} of ${sizeInWords(total)}`;
  };
  request.upload.onload = () => { bar.removeAttribute("value"); words.textContent = "reading it …"; };
  request.onabort = () => sayAt(line, "Cancelled", false);
  request.onerror = () => sayAt(line, "The server does not answer; try again", true);
  request.onload = () => {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* not one of ours */ }
    if (request.status >= 300) return sayAt(line, answer.detail ?? `The server answered ${request.status}`, true);
    line.replaceChildren();
    send({act: input.dataset.act, value: answer.name ?? ""});
  };
  const query = new URLSearchParams({name: nameOf(file), renumber: "true"});
  request.open("POST", `${input.dataset.upload}?${query}`);
  request.send(file);
  input.value = ""; // the same file may be chosen again
}
