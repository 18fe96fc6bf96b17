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
  try { return await fetch(path, {method: "POST", headers, body: JSON.stringify(body)}); }
  catch { return new Response(null, {status: 503}); } // nobody there: as good as a server that says so
}

export async function explain(answer) {
  try { return (await answer.json()).detail; } catch { return "The server does not answer as it should; try again."; }
}

// Show one message below the form, or beside the field that it is about, and read it out.
export function tell(text, about = "") {
  for (const wrong of document.querySelectorAll(".wrong")) {
    const meant = wrong.id === (about ? `wrong-${about}` : "wrong");
    wrong.textContent = meant ? text : "";
    wrong.hidden = !(meant && text);
  }
  for (const field of document.querySelectorAll("input")) field.removeAttribute("aria-invalid");
  const field = document.getElementById(about);
  field?.setAttribute("aria-invalid", "true");
  field?.focus();
}
