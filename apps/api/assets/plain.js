// The first visit follows the system; afterwards the sun or moon on the pages decides.
export function rememberTheme() {
  if (document.cookie.includes("nntracker_theme=")) return;
  const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.cookie = `nntracker_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
}

export function show(id) {
  for (const section of document.querySelectorAll("section")) section.hidden = section.id !== id;
}

// The secret stands behind '#', so it has reached no log; it leaves the address bar before anything else happens.
export function takeSecret() {
  const secret = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  return secret;
}

export async function post(path, body) {
  const headers = {"content-type": "application/json"};
  return fetch(path, {method: "POST", headers, body: JSON.stringify(body)});
}

export async function explain(answer) {
  try { return (await answer.json()).detail; } catch { return "The server does not answer as it should; try again."; }
}

// Show one message below the form, and read it out.
export function tell(text) {
  const wrong = document.getElementById("wrong");
  wrong.textContent = text;
  wrong.hidden = !text;
}
