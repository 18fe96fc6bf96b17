"""What people with bad intentions call things. Whatever one of them makes is found by its mark."""

from __future__ import annotations

MARK = (
    "nnxss"  # an element with this attribute, class or id, or `window.nnxss`, was made from somebody's words
)
CANARY = "http://canary.invalid"  # nobody may ask for it

SCRIPTS = (
    f"<script {MARK}>window.{MARK}=1;alert(1)</script>",
    f"</script><script {MARK}>alert(1)</script>",
    f"--></script><img {MARK} src=x onerror=alert(1)>",
    f"<ScRiPt {MARK} src={CANARY}/a.js></sCrIpT>",
    f"</textarea><script {MARK}>alert(1)</script>",
    f"</title><script {MARK}>alert(1)</script>",
    f"</style><script {MARK}>alert(1)</script>",
    f"<!--<img {MARK} src=--><img {MARK} src=x onerror=alert(1)//>",
)
EVENTS = (
    f"<img {MARK} src=x onerror=alert(1)>",
    f"<svg {MARK} onload=alert(1)>",
    f"<svg><animate {MARK} onbegin=alert(1) attributeName=x dur=1s>",
    f"<details {MARK} open ontoggle=alert(1)>x</details>",
    f"<input {MARK} autofocus onfocus=alert(1)>",
    f"<body {MARK} onload=alert(1)>",
    f"<video {MARK}><source onerror=alert(1)></video>",
    f"<marquee {MARK} onstart=alert(1)>x</marquee>",
    f'"><img {MARK} src=x onerror=alert(1)>',
    f"'><img {MARK} src=x onerror=alert(1)>",
    f'" {MARK}=1 onmouseover=alert(1) x="',
    f"' {MARK}=1 autofocus onfocus='alert(1)",
)
PLACES = (
    "javascript:alert(1)",
    "jAvAsCrIpT\t:alert(1)",
    f"<a {MARK} href=javascript:alert(1)>x</a>",
    f"<iframe {MARK} src=javascript:alert(1)></iframe>",
    f"<iframe {MARK} srcdoc='<script>alert(1)</script>'>",
    f"data:text/html,<script {MARK}>alert(1)</script>",
    f"<object {MARK} data={CANARY}/o></object>",
    f"<base {MARK} href={CANARY}/>",
    f"<meta {MARK} http-equiv=refresh content=0;url={CANARY}/m>",
    f"<link {MARK} rel=stylesheet href={CANARY}/c.css>",
    f"<form {MARK} action={CANARY}/f><button>go</button></form>",
)
STYLES = (
    f"<style {MARK}>@import '{CANARY}/s.css'</style>",
    f"<p {MARK} style=background:url({CANARY}/p.png)>x</p>",
    f"red;background:url({CANARY}/b.png)",
)
# What the things that draw our pages understand beside HTML.
TEMPLATES = (
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "{% for x in y %}{{ x }}{% endfor %}",
    "@x{custom}$name@{y}",
    f"<%= {MARK} %>",
    f"![x]({CANARY}/i.png)",
    f"[x](javascript:alert(1)) **bold {MARK}**",
    f"<b {MARK}>bold</b><br><a href='{CANARY}/plotly'>x</a>",
    "$$\\href{javascript:alert(1)}{x}$$",
    "\\(\\unicode{60}img src=x\\)",
)
LETTERS = (
    "\u202egnp.exe\u202c <b nnxss>",
    "\u2066\u2067isolates\u2069 \u200bno width\u200d",
    "\uff1cimg nnxss src=x onerror=alert(1)\uff1e",
    "\ufeffbegins with a mark of order",
    "e\u0301\u0323" + "\u0336" * 30 + " many marks",
    "null \\u0000 %00 &#0; &lt;b nnxss&gt;",
    "\U0001f469\u200d\U0001f52c\U0001f3f3\ufe0f\u200d\U0001f308 \u05e2\u05d1\u05e8\u05d9\u05ea",
    "__proto__",
    "' OR 1=1; DROP TABLE runs; --",
    "W" * 90,
)  # fmt: skip
WORDS = (*SCRIPTS, *EVENTS, *PLACES, *STYLES, *TEMPLATES, *LETTERS)
LONG = f"<i {MARK}>" + "long " * 4000
DRAWN = (
    SCRIPTS[0],
    EVENTS[0],
    EVENTS[12 - 1],
    *TEMPLATES,
)  # what charts are made of: a page of all would be slow
