import {explain, post, rememberTheme, show, takeSecret, tell} from "/assets/plain.js";

const invitation = takeSecret() || null;

async function register(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  const {name, full_name, password} = Object.fromEntries(new FormData(form));
  tell("");
  if (!form.elements.name.value) { tell("Choose a name.", "name"); return; }
  button.disabled = true;
  const answer = await post("/registration", {name, full_name, password, invitation});
  button.disabled = false;
  if (answer.ok) location.replace("/");
  else {
    const said = await explain(answer);
    tell(said, fieldOf(said));
  }
}

// The server's sentences begin with what they are about.
function fieldOf(said) {
  if (/^(a|this) password/.test(said)) return "password";
  if (/^a full name/.test(said)) return "full_name";
  return /^the name/.test(said) ? "name" : "";
}

async function begin() {
  if (invitation) { document.getElementById("invited").hidden = false; return; }
  const answer = await fetch("/registration");
  const {registration} = answer.ok ? await answer.json() : {registration: "open"};
  if (registration === "open") return;
  document.getElementById("how").textContent = registration === "invitation"
    ? "Accounts are made by invitation here: ask an administrator for a link."
    : "An administrator can make an account for you.";
  show("closed");
}

rememberTheme();
document.getElementById("register").addEventListener("submit", register);
begin();
