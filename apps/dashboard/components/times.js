// Times stand in the clock and the language of whoever looks; the exact time in UTC is under the pointer.
const LOOK_AGAIN_MS = 600_000; // "today" does not stay true
const CLOCK = {hour: "2-digit", minute: "2-digit"};

function dayOf(at, now) {
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0 || days === 1) return days ? "yesterday" : "today";
  const year = at.getFullYear() === now.getFullYear() ? {} : {year: "numeric"};
  return at.toLocaleDateString(undefined, {day: "numeric", month: "short", ...year});
}

function tellTime(node) {
  const at = new Date(node.getAttribute("datetime"));
  if (Number.isNaN(at.getTime())) return;
  const form = node.dataset.form;
  const clock = at.toLocaleTimeString(undefined, {...CLOCK, ...(form === "minute" ? {} : {second: "2-digit"})});
  const day = dayOf(at, new Date());
  const text = form === "day" ? day : form === "clock" ? clock : `${day}, ${clock}`;
  if (node.textContent !== text) node.textContent = text;
}

function keepTelling(holder, model) {
  const again = () => { if (!document.hidden) holder.querySelectorAll("time").forEach(tellTime); };
  const timer = setInterval(again, LOOK_AGAIN_MS);
  document.addEventListener("visibilitychange", again);
  model.on("remove", () => { clearInterval(timer); document.removeEventListener("visibilitychange", again); });
}
