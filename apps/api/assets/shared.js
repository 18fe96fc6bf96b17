import {post, rememberTheme, show, takeSecret} from "/assets/plain.js";

const secret = takeSecret();

async function open() {
  const answer = await post("/session", {share: secret});
  if (!answer.ok) { show("over"); return; }
  const {experiment_id} = await answer.json();
  location.replace(`/?experiment=${experiment_id}`);
}

async function begin() {
  if (!secret) { show("over"); return; }
  const me = await fetch("/api/me");
  if (me.ok && (await me.json()).user_id) show("offer");
  else open();
}

rememberTheme();
document.getElementById("go").addEventListener("click", open);
begin();
