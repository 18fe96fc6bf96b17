// The secret stands behind '#', so it has reached no log; it leaves the address bar before anything else happens.
const secret = location.hash.slice(1);
history.replaceState(null, "", location.pathname + location.search);
const RETRY_AFTER_MS = 2000;

function show(id) {
  for (const section of document.querySelectorAll("section")) section.hidden = section.id !== id;
}

function destination() {
  const next = new URLSearchParams(location.search).get("next") || "/";
  const target = new URL(next, location.origin);
  return target.origin === location.origin ? target.pathname + target.search : "/";
}

function rememberTheme() {
  if (document.cookie.includes("nntracker_theme=")) return;
  const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.cookie = `nntracker_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
}

async function signIn() {
  const headers = {"content-type": "application/json"};
  const answer = await fetch("/session", {method: "POST", headers, body: JSON.stringify({token: secret})});
  if (answer.status >= 500) { show("away"); setTimeout(signIn, RETRY_AFTER_MS); return; }
  // A used link in a browser that is signed in already is no reason to stop.
  const signedIn = answer.ok || (await fetch("/session")).ok;
  if (signedIn) location.replace(destination());
  else show("used-link");
}

rememberTheme();
if (secret) { show("opening"); signIn(); }
