// What somebody is writing survives a reload of the tab: the page hands it over by {keep: {name, text}}, and an element
// at the top with data-kept="name" hears of it again by the deed "kept".
function keep({name, text}) {
  try {
    if (text) sessionStorage.setItem(`nntracker.${name}`, text);
    else sessionStorage.removeItem(`nntracker.${name}`);
  } catch { /* storage is full or forbidden: then it does not survive */ }
}

function sendKept(root, send) {
  const name = root?.dataset?.kept;
  if (!name) return;
  let text = "";
  try { text = sessionStorage.getItem(`nntracker.${name}`) ?? ""; } catch { /* forbidden */ }
  send({act: "kept", value: text});
}
