import {explain, post, rememberTheme, show, takeSecret, tell} from "/assets/plain.js";

const invitation = takeSecret() || null;

async function register(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  const {name, full_name, password} = Object.fromEntries(new FormData(form));
  tell("");
  button.disabled = true;
  const answer = await post("/registration", {name, full_name, password, invitation});
  button.disabled = false;
  if (answer.ok) location.replace("/");
  else tell(await explain(answer));
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
