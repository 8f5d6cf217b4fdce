"""Forty texts that a record may hold: none may run, load anything, hide or move what stands beside it."""

MARK = "hostile-mark"
"""Stands in whatever would run: where it is found in a page's globals or requests, something ran."""

HOSTILE = [
    *(
        f"<script>window['{MARK}']=1</script>",
        f"<img src=x onerror=\"window['{MARK}']=1\">",
        f"<img src='http://127.0.0.1:9/{MARK}'>",
        f"<svg onload=\"window['{MARK}']=1\">",
        f"<iframe srcdoc=\"<script>parent['{MARK}']=1</script>\"></iframe>",
        f"<a href=\"javascript:window['{MARK}']=1\">x</a>",
        f"javascript:window['{MARK}']=1",
        f"data:text/html,<script>{MARK}</script>",
        f"<style>* {{ background: url(http://127.0.0.1:9/{MARK}) }}</style>",
        f"<link rel=stylesheet href=http://127.0.0.1:9/{MARK}>",
        f"<base href=http://127.0.0.1:9/{MARK}/>",
        f"<form action=http://127.0.0.1:9/{MARK}><button>x</button></form>",
        "</textarea></title></style></script><b>bold</b>",
        "<!-- ",
        "-->",
        "<![CDATA[ x ]]>",
        "&lt;b&gt; &amp; &#60;",
        "]]>",
        "<b",
        "<x onclick=",
    ),
    *("\u202egnp.exe", "\u2066\u2067\u2069 isolates", "\u200f\u200e marks", "אבג english עברית", "مرحبا بالعالم"),
    *(
        "zero\u200bwidth\u200d\u2060joiners\ufeff",
        "\u00ad soft\u00adhyphen",
        "a\u0301\u0302\u0303\u0304" * 40,
        "e" + "\u0336" * 300,
    ),
    *("x" * 10_000, "word " * 2_000, "<b>" * 3_000, "🏳️‍🌈👨‍👩‍👧‍👦" * 500, "हिन्दी मॉडल " * 200),
    *(
        "line\nbreak\r\nand\ttab",
        "nul\x00bell\x07escape\x1b[31mred",
        "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
        "`code` **bold** [x](http://127.0.0.1:9)",
    ),
    *("__proto__", "constructor"),
]
assert len(HOSTILE) >= 40, len(HOSTILE)
