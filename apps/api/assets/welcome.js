import {explain, post, rememberTheme, show, takeSecret, tell} from "/assets/plain.js";

const secret = takeSecret();
const RETRY_AFTER_MS = 2000;

function destination() {
  const next = new URLSearchParams(location.search).get("next") || "/";
  const target = new URL(next, location.origin);
  return target.origin === location.origin ? target.pathname + target.search : "/";
}

async function byLink() {
  const answer = await post("/session", {token: secret});
  if (answer.status >= 500) { show("away"); setTimeout(byLink, RETRY_AFTER_MS); return; }
  // A used link in a browser that is signed in already is no reason to stop.
  const signedIn = answer.ok || (await fetch("/session")).ok;
  if (signedIn) location.replace(destination());
  else show("used-link");
}

async function byPassword(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  tell("");
  if (!form.checkValidity()) { tell("Give your name and your password."); return; }
  button.disabled = true;
  const answer = await post("/session", {name: form.elements.name.value, password: form.elements.password.value});
  button.disabled = false;
  if (answer.ok) location.replace(destination());
  else { tell(await explain(answer)); form.elements.password.select(); }
}

async function offerRegistration() {
  const answer = await fetch("/registration");
  if (!answer.ok) return;
  const {registration} = await answer.json();
  document.getElementById("registration").hidden = registration !== "open";
  document.getElementById("by-invitation").hidden = registration !== "invitation";
}

rememberTheme();
document.getElementById("by-password").addEventListener("submit", byPassword);
if (secret) { show("opening"); byLink(); }
else { offerRegistration(); document.getElementById("name").focus(); }
