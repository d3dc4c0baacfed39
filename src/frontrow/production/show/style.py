# ruff: noqa: E501
"""The stylesheet of the HTML outputs: system fonts, the trade's strip colours, and rules for printing."""

CSS = """
:root{--ink:#22262b;--soft:#666d75;--line:#e2e2dc;--accent:#2b6cb0}
*{box-sizing:border-box}
body{margin:0;background:#fbfbf9;color:var(--ink);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1240px;margin:0 auto;padding:24px}
h1{font-size:28px;margin:0 0 8px}h2{font-size:20px;margin:40px 0 12px}h3{font-size:16px;margin:0 0 6px}
nav{display:flex;flex-wrap:wrap;gap:6px 16px}nav a{color:var(--accent);text-decoration:none}nav a:hover{text-decoration:underline}
.tiles{display:flex;flex-wrap:wrap;gap:12px;margin:20px 0}
.tile{background:#fff;border:1px solid var(--line);border-radius:10px;padding:12px 18px;min-width:170px}
.tile span{display:block;color:var(--soft);font-size:12px}.tile b{font-size:19px;font-variant-numeric:tabular-nums}
.good{color:#2f6b34}.bad{color:#a3281c}.note{color:var(--soft);font-size:12px}
.scroll{overflow-x:auto}
table{border-collapse:collapse}.list{width:100%;margin:8px 0;background:#fff}
.list th,.list td{border-bottom:1px solid var(--line);padding:4px 8px;text-align:left;vertical-align:top}
.list.dated td:nth-child(-n+5){white-space:nowrap}
.list th{font-size:12px;color:var(--soft);font-weight:600}
.board{border:1px solid #b9b9b2;border-radius:6px;overflow:hidden}
.strip{display:grid;grid-template-columns:64px 56px 96px minmax(200px,1fr) 60px minmax(120px,1fr);gap:10px;padding:4px 10px;
 border-bottom:1px solid rgba(0,0,0,.13);align-items:baseline}
.strip .set small{color:#555;margin-left:10px}.strip .cast{font-variant-numeric:tabular-nums}
.int-day{background:#fff}.ext-day{background:#fdf3b4}.int-night{background:#cfe0f5}.ext-night{background:#cfe8cf}.magic{background:#f9d8d2}
.strip-key{display:inline-block;border:1px solid #c9c9c2;border-radius:4px;padding:1px 9px;margin-right:6px;color:var(--ink)}
.banner{display:flex;flex-wrap:wrap;gap:4px 22px;background:#2d333a;color:#fff;padding:5px 10px}.banner.warn{background:#8c2f22}
.cast-key{columns:4;list-style:none;padding:0;font-size:12px;color:var(--soft)}.cast-key b{color:var(--ink)}
.dood{font-size:11px;background:#fff}.dood th,.dood td{border:1px solid var(--line);padding:2px 4px;text-align:center;min-width:26px}
.dood tbody th{text-align:left;white-space:nowrap;position:sticky;left:0;background:#fff;padding-right:10px}
.dood .date{font-weight:500;color:var(--soft)}.dood .off{background:#f1f1ee}
.code.work{background:#2b6cb0;color:#fff}.code.hold{background:#d7e3f0}.code.travel{background:#f3ddb9}.code.drop{background:#eee;color:#777}
.ledger{min-width:560px;background:#fff}.ledger td,.ledger th{border-bottom:1px solid var(--line);padding:5px 12px;text-align:left}
.ledger .money{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.ledger .bar{width:220px}.ledger .bar span{display:block;height:10px;border-radius:5px;background:#9dbbdc}
.maps{display:flex;flex-wrap:wrap;gap:18px}figure{margin:0}figcaption{color:var(--soft);font-size:12px;margin-top:4px}
.dot{fill:#2b6cb0;fill-opacity:.75;stroke:#fff}
svg text{font:12px system-ui,sans-serif;fill:#22262b}svg .tick{font-size:11px;fill:#5b626a}svg .place{paint-order:stroke;stroke:#f6f7f4;stroke-width:3px}svg .mark{font-size:12px;font-weight:600}
.call{background:#fff;border:1px solid var(--line);border-radius:10px;padding:14px 18px;margin:14px 0}.call ul{margin:4px 0;padding-left:18px}
@media print{body{background:#fff}nav{display:none}.call{break-before:page;border:0}.board,.dood{font-size:10px}}
"""
