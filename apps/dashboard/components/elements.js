// Draws a tree of ["tag", {attributes}, [children]] or text. Text becomes text nodes and nothing else, so what users
// write can never become markup; tags and attributes outside these lists are left out.
const SVG = new Set(["svg", "path", "circle", "rect", "line"]);
const TAGS = new Set(["a", "b", "button", "caption", "code", "dd", "details", "div", "dl", "dt", "em", "form", "h1", "h2",
  "h3", "header", "li", "nav", "ol", "p", "pre", "section", "small", "span", "strong", "summary", "table", "tbody", "td",
  "tfoot", "th", "thead", "time", "tr", "ul", ...SVG]);
const ATTRIBUTES = new Set(["class", "colspan", "datetime", "d", "fill", "id", "method", "open", "role", "scope", "stroke",
  "stroke-dasharray", "stroke-linecap", "stroke-opacity", "stroke-width", "tabindex", "title", "type", "viewBox", "width",
  "height", "rx"]);

function set(node, name, value) {
  const ownPlace = (name === "href" || name === "action") && /^\/(?![/\\])/.test(value);
  const share = name === "data-share";
  if (share) node.style.setProperty("--share", Number(value));
  else if (ownPlace || ATTRIBUTES.has(name) || name.startsWith("aria-") || name.startsWith("data-")) {
    node.setAttribute(name, value === true ? "" : value);
  }
}

function build(tree) {
  if (!Array.isArray(tree)) return document.createTextNode(tree ?? "");
  const [tag, attributes, children] = tree;
  if (!TAGS.has(tag)) return document.createTextNode("");
  const node = SVG.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== false) set(node, name, value);
  node.append(...children.map(build));
  return node;
}

function apply(root, change) {
  const node = change.at.reduce((found, index) => found.childNodes[index], root);
  if (change.attributes) {
    for (const {name} of [...node.attributes]) if (!(name in change.attributes) && name !== "style") node.removeAttribute(name);
    for (const [name, value] of Object.entries(change.attributes)) {
      if (value === false) node.removeAttribute(name); else set(node, name, value);
    }
    return;
  }
  const gone = [...node.childNodes].slice(change.start, change.start + change.remove);
  const next = node.childNodes[change.start + change.remove] ?? null;
  gone.forEach((child) => child.remove());
  change.insert.forEach((child) => node.insertBefore(build(child), next));
}

export function render({model}) {
  let root = build(model.tree);
  model.on("tree", () => { const fresh = build(model.tree); root.replaceWith(fresh); root = fresh; });
  model.on("msg:custom", ({changes, theme}) => {
    changes?.forEach((change) => apply(root, change));
    if (theme) document.cookie = `nntracker_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  });
  model.send_msg("drawn");
  return root;
}
