// Draws a tree of ["tag", {attributes}, [children]] or text. Text becomes text nodes and nothing else, so what users
// write can never become markup; tags and attributes outside these lists are left out.
//
// What people do: an element with data-act sends {act, value} when it is pressed or changed, a form with data-act
// {act, fields}; with data-single the second press of a double click is none. A text field with data-live is heard
// while one types.
const SVG = new Set(["svg", "path", "circle", "rect", "line", "text", "g"]);
const TAGS = new Set(["a", "b", "button", "caption", "code", "datalist", "dd", "details", "dialog", "div", "dl", "dt", "em",
  "fieldset", "footer", "form", "h1", "h2", "h3", "header", "input", "kbd", "label", "legend", "li", "nav", "ol", "option", "p", "pre",
  "progress", "section", "select", "small", "span", "strong", "summary", "table", "tbody", "td", "textarea", "tfoot", "th",
  "thead", "time", "tr", "ul", ...SVG]);
const ATTRIBUTES = new Set(["accept", "autocomplete", "autofocus", "class", "colspan", "datetime", "d", "disabled",
  "download", "fill", "for", "id", "inputmode", "label", "list", "max", "maxlength", "method", "min", "multiple", "name", "open", "pattern",
  "placeholder", "readonly", "required", "role", "rows", "scope", "selected", "size", "spellcheck", "step", "stroke",
  "stroke-dasharray", "stroke-linecap", "stroke-opacity", "stroke-width", "tabindex", "title", "type", "viewBox", "width",
  "height", "rx", "x", "y", "cx", "cy", "r", "x1", "x2", "y1", "y2", "text-anchor", "value"]);
const FIELDS = new Set(["INPUT", "SELECT", "TEXTAREA"]);
const LIVE_PAUSE_MS = 220;
const SAID_MS = 2000;
const TWICE_MS = 500; // nobody means to send the same words twice within so little time
const OWN = /^\/(?![/\\\t\n\r])/; // a place of ours, and no other host: browsers leave tabs and line ends out

function set(node, name, value) {
  const ownPlace = (name === "href" || name === "action") && OWN.test(value);
  if (name === "data-share") node.style.setProperty("--share", Number(value));
  else if (name === "checked" || (name === "value" && FIELDS.has(node.tagName))) setState(node, name, value);
  else if (name === "data-shown") showDialog(node, value);
  else if (name === "data-place") { if (OWN.test(value)) setState(node, "value", location.origin + value); }
  else if (ownPlace || ATTRIBUTES.has(name) || name.startsWith("aria-") || name.startsWith("data-")) {
    node.setAttribute(name, value === true ? "" : value);
  }
}

// What somebody is typing is theirs until they leave the field; one that they only stand in follows the server.
function setState(node, name, value) {
  if (node.isTyped && node.getRootNode().activeElement === node && node.type !== "checkbox") return;
  queueMicrotask(() => { node[name] = name === "checked" ? value === true : value; }); // a select has its options by then
}

function showDialog(node, value) {
  queueMicrotask(() => {
    if (value === true && node.isConnected && !node.open) node.showModal();
    if (value === false && node.open) node.close();
  });
}

function build(tree) {
  if (!Array.isArray(tree)) return document.createTextNode(tree ?? "");
  const [tag, attributes, children] = tree;
  if (!TAGS.has(tag)) return document.createTextNode("");
  const node = SVG.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false || name === "checked" || name === "data-shown") set(node, name, value);
  }
  node.append(...children.map(build));
  if (tag === "time") tellTime(node);
  return node;
}

const OWN_STATE = new Set(["style", "open"]); // set by us or by the person, not by the tree alone

function apply(root, change) {
  const node = change.at.reduce((found, index) => found.childNodes[index], root);
  if (change.attributes) {
    for (const {name} of [...node.attributes]) {
      if (!(name in change.attributes) && !OWN_STATE.has(name)) node.removeAttribute(name);
    }
    for (const [name, value] of Object.entries(change.attributes)) {
      if (value === false && name !== "checked" && name !== "data-shown") node.removeAttribute(name);
      else set(node, name, value);
    }
    if (node.tagName === "TIME") tellTime(node);
    return;
  }
  const gone = [...node.childNodes].slice(change.start, change.start + change.remove);
  const next = node.childNodes[change.start + change.remove] ?? null;
  gone.forEach((child) => child.remove());
  change.insert.forEach((child) => node.insertBefore(build(child), next));
  if (node.tagName === "TIME") tellTime(node);
}

function fieldsOf(form) {
  const fields = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") (fields[name] ??= []).push(value);
  }
  return fields;
}

// Copies what stands in the field of that id, and says so on the button.
async function copy(holder, button) {
  const field = holder.querySelector(`#${CSS.escape(button.dataset.copy)}`);
  field.select();
  try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); } // plain http has no clipboard
  button.firstChild.data = "Copied";
  setTimeout(() => { button.firstChild.data = "Copy"; }, SAID_MS);
}

function listen(holder, model, send) {
  let typing;
  const actor = (event) => event.composedPath().find((node) => node.dataset?.act);
  holder.addEventListener("click", (event) => {
    const copier = event.composedPath().find((node) => node.dataset?.copy);
    if (copier) copy(holder, copier);
    const node = actor(event);
    if (!node || FIELDS.has(node.tagName) || node.tagName === "FORM") return;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (node.tagName === "A" && !plain) return; // another tab, as one meant
    event.preventDefault();
    if ("single" in node.dataset && event.detail > 1) return;
    send({act: node.dataset.act, value: node.dataset.value ?? ""});
  });
  holder.addEventListener("change", (event) => {
    const node = event.target;
    if (!node.dataset?.act) return;
    if (node.dataset.upload) return upload(node, send);
    clearTimeout(typing);
    const more = node.type === "checkbox" ? {checked: node.checked, field: node.dataset.value ?? ""} : {};
    send({act: node.dataset.act, value: node.value, ...more});
    if ("once" in node.dataset) node.value = ""; // a list to add from, which holds nothing itself
  });
  holder.addEventListener("focusout", (event) => { event.target.isTyped = false; });
  holder.addEventListener("input", (event) => {
    const node = event.target;
    node.isTyped = true;
    if (!node.dataset?.act || !("live" in node.dataset)) return;
    clearTimeout(typing);
    typing = setTimeout(() => send({act: node.dataset.act, value: node.value}), LIVE_PAUSE_MS);
  });
  holder.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.act) return;
    event.preventDefault();
    const said = {act: form.dataset.act, fields: fieldsOf(form), value: event.submitter?.value ?? ""};
    const words = JSON.stringify(said);
    if (form.said === words && event.timeStamp - form.saidAt < TWICE_MS) return;
    [form.said, form.saidAt] = [words, event.timeStamp];
    send(said);
  });
  // Of the menus one is open, until one presses elsewhere or chooses something.
  const closeMenus = (but) => holder.querySelectorAll("details[data-menu][open]").forEach((menu) => {
    if (menu !== but) menu.open = false;
  });
  holder.addEventListener("toggle", (event) => {
    if (event.target.open && "menu" in event.target.dataset) closeMenus(event.target);
  }, true);
  const outside = (event) => {
    if (!event.composedPath().some((node) => node.tagName === "DETAILS" && holder.contains(node))) closeMenus();
  };
  document.addEventListener("pointerdown", outside);
  model.on("remove", () => document.removeEventListener("pointerdown", outside));
  holder.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const left = event.composedPath().find((node) => node.dataset && "menu" in node.dataset && node.open);
    closeMenus();
    left?.querySelector("summary").focus();
  });
  holder.addEventListener("click", (event) => {
    if (event.composedPath().some((node) => node.tagName === "BUTTON" && node.dataset.act)) closeMenus();
  });
  // A dialog that is closed by Escape is closed for the server too.
  holder.addEventListener("cancel", (event) => {
    if (event.target.dataset?.cancel) send({act: event.target.dataset.cancel, value: ""});
  }, true);
}

// The address bar says what is shown, so that it can be sent to somebody or loaded again.
function showPlace(place) {
  if (!OWN.test(place)) return;
  if (location.pathname + location.search !== place) history.replaceState(null, "", place);
}

export function render({model}) {
  const holder = document.createElement("div");
  holder.className = "elements";
  holder.append(build(model.tree));
  model.on("tree", () => {
    holder.querySelectorAll("dialog[open]").forEach((open) => open.close()); // gives the focus back
    holder.replaceChildren(build(model.tree));
  });
  model.on("msg:custom", ({changes, theme, place, load, keep: kept}) => {
    if (kept) keep(kept);
    changes?.forEach((change) => apply(holder.firstChild, change));
    if (theme) document.cookie = `nntracker_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    if (place) showPlace(place);
    if (load && OWN.test(load)) location.assign(load);
  });
  listen(holder, model, (message) => model.send_msg(message));
  keepTelling(holder, model);
  model.send_msg("drawn");
  sendKept(holder.firstChild, (message) => model.send_msg(message));
  return holder;
}
