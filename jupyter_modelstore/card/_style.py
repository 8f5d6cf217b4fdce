"""The style sheet of static cards: every rule under the class ``jms-c``, so that nothing else on the page is touched.

Rules repeat that class where a host (JupyterLab styles tables, code and paragraphs of outputs) would win otherwise.
"""

STYLE = """
.jms-c{--jms-line:var(--vscode-panel-border,var(--jp-border-color2,rgba(128,128,128,.35)));--jms-soft:rgba(128,128,128,.14);
--jms-good:currentColor;color:var(--vscode-foreground,var(--jp-content-font-color1,inherit));
font:13px/1.45 var(--vscode-font-family,var(--jp-ui-font-family,system-ui,sans-serif));text-align:left;max-width:1200px;
margin:4px 0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
[data-jp-theme-light=true] .jms-c,.vscode-light .jms-c{--jms-good:#116b34}
[data-jp-theme-light=false] .jms-c,.vscode-dark .jms-c{--jms-good:#7ddc9b}
.jms-c.jms-c *{box-sizing:border-box}
.jms-c .jms-box{border:1px solid var(--jms-line);border-radius:8px;padding:12px 14px}
.jms-c.jms-c .jms-small{max-width:720px}
.jms-c.jms-c .jms-head{margin:0 0 8px;font-size:14px;line-height:20px}
.jms-c .jms-aside{font-size:12px;border:1px solid var(--jms-line);border-radius:99px;padding:1px 8px;
white-space:nowrap}
.jms-c .jms-muted,.jms-c .jms-more,.jms-c .jms-sep{opacity:.74}
.jms-c .jms-warn{font-weight:650;text-decoration:underline;text-decoration-style:dotted}
.jms-c .jms-strong{font-weight:650}
.jms-c .jms-chip{display:inline-block;background:var(--jms-soft);border-radius:4px;padding:0 6px;margin:1px 0}
.jms-c .jms-chip .jms-muted:first-child{padding-right:4px}
.jms-c .jms-tag,.jms-c .jms-alias{display:inline-block;font-size:11px;line-height:16px;border:1px solid var(--jms-line);
border-radius:99px;padding:0 7px;margin:1px 0}
.jms-c .jms-alias{font-weight:650;border-color:currentColor}
.jms-c .jms-badge{font-size:11px;font-weight:650;color:var(--jms-good);border:1px solid;border-radius:99px;padding:0 6px}
.jms-c.jms-c code,.jms-c.jms-c pre{font-family:var(--vscode-editor-font-family,var(--jp-code-font-family,monospace));
font-size:12px;
color:inherit;background:var(--jms-soft);border-radius:4px;padding:1px 5px}
.jms-c.jms-c code{display:inline-block;max-width:100%}
.jms-c.jms-c pre{margin:0;padding:8px 10px;white-space:pre-wrap;line-height:1.4}
.jms-c.jms-c table{border-collapse:collapse;border:0;margin:0;width:100%;font-size:inherit;table-layout:auto;color:inherit}
.jms-c.jms-c.jms-c tr,.jms-c.jms-c.jms-c tr:hover{background:none;border:0}
.jms-c.jms-c th,.jms-c.jms-c td{text-align:left;vertical-align:top;padding:2px 12px 2px 0;border:0;max-width:none;
white-space:normal;
font-weight:inherit;line-height:1.5;background:none;color:inherit}
.jms-c.jms-c .jms-facts th{width:1%;min-width:104px;opacity:.74;white-space:nowrap}
@media(max-width:560px){.jms-c.jms-c .jms-facts th{white-space:normal;min-width:96px}}
.jms-c.jms-c .jms-wide{overflow-x:auto;margin-top:6px;border:1px solid var(--jms-line);border-radius:8px}
.jms-c.jms-c .jms-wide th,.jms-c.jms-c .jms-wide td{padding:5px 12px;border-top:1px solid var(--jms-line);
overflow-wrap:break-word;
min-width:72px;max-width:340px}
.jms-c.jms-c .jms-wide tbody th{min-width:112px}
.jms-c.jms-c .jms-wide thead th{border-top:0;font-weight:650;vertical-align:bottom}
.jms-c.jms-c .jms-wide .jms-group th{font-weight:650;padding-top:12px}
.jms-c.jms-c .jms-wide .jms-right{text-align:right}
.jms-c.jms-c .jms-wide .jms-mark{min-width:0;width:1%;padding-right:0}
.jms-c.jms-c .jms-differs td,.jms-c.jms-c .jms-differs th{background:rgba(66,133,244,.13)}
.jms-c.jms-c .jms-h{margin:14px 0 4px;font-size:13px;font-weight:650}
.jms-c.jms-c .jms-note{margin:6px 0}
.jms-c.jms-c summary{cursor:pointer;margin:14px 0 4px;font-weight:650}
.jms-c.jms-c .jms-sub{margin-top:10px;font-size:12px;font-weight:600;opacity:.86}
.jms-c .jms-grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(240px,100%),1fr));gap:12px;margin:10px 0}
.jms-c .jms-item{display:flex;flex-direction:column;gap:6px;min-width:0;border:1px solid var(--jms-line);border-radius:8px;
padding:12px;overflow:hidden}
.jms-c .jms-item .jms-title{font-size:14px;line-height:20px}
.jms-c .jms-item .jms-foot{margin-top:auto;border-top:1px solid var(--jms-line);padding-top:8px;font-size:12px}
.jms-c .jms-sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
"""
