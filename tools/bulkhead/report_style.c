/* SPDX-License-Identifier: Apache-2.0 */
#include "report_page.h"

static const char colors[] =
	":root{color-scheme:light dark;--page:#fff;--ink:#1b222c;--dim:#566170;--line:#d5dae1;"
	"--card:#f6f7f9;--link:#0b57a8;--error:#b3261e;--warning:#8a4b00;--note:#20603a;"
	"--mark:#ffe08a;--reserved:#10151c}\n"
	"@media screen and (prefers-color-scheme:dark){:root{--page:#12161c;--ink:#e3e8ee;"
	"--dim:#a2acba;--line:#353d49;--card:#191f27;--link:#8ab8f5;--error:#ff8a80;"
	"--warning:#f2b661;--note:#7fd39b;--mark:#6b5200;--reserved:#fff}}\n";

static const char text[] =
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;padding:28px 28px 60px;max-width:1400px;background:var(--page);"
	"color:var(--ink);font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,"
	"\"Liberation Sans\",Arial,sans-serif;overflow-wrap:anywhere}\n"
	"h1{font-size:34px;line-height:1.15;margin:0}h2{font-size:21px;margin:0 0 6px}\n"
	"h3{font-size:16px;margin:18px 0 8px}h3 small{font-weight:400;color:var(--dim);"
	"font-size:13px;margin-left:6px}\n"
	"p{margin:0 0 10px}a{color:var(--link)}\n"
	".kicker{color:var(--dim);margin:0}.lead{font-size:18px;margin:4px 0 12px}\n"
	".hint{color:var(--dim);font-size:13.5px;max-width:76ch}\n"
	"section{margin-top:44px}\n"
	"code,pre,td.code{font-family:ui-monospace,\"DejaVu Sans Mono\",\"Liberation Mono\",Menlo,"
	"Consolas,monospace;font-size:.88em}\n"
	".patterns{position:absolute}\n";

static const char facts[] =
	".facts{display:grid;gap:2px 24px;margin:0 0 14px;"
	"grid-template-columns:repeat(auto-fill,minmax(210px,1fr))}\n"
	".facts div{min-width:0}.facts dt{color:var(--dim);font-size:12.5px}"
	".facts dd{margin:0 0 6px}.facts .wide{grid-column:1/-1}\n"
	".facts.head{border-top:1px solid var(--line);padding-top:12px;margin-top:16px}\n"
	"nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0;padding:0}\n"
	".status{display:inline-block;border:1px solid;border-radius:99px;padding:2px 14px;"
	"font-weight:600}.status a{color:inherit}\n"
	".error{color:var(--error)}.warning{color:var(--warning)}.note{color:var(--note)}\n";

static const char tables[] =
	".scroll{overflow-x:auto;max-width:100%}\n"
	"table{border-collapse:collapse;font-size:14px}\n"
	"caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}\n"
	"th,td{text-align:left;vertical-align:top;padding:5px 26px 5px 0;"
	"border-bottom:1px solid var(--line);overflow-wrap:normal}\n"
	"thead .number{text-align:right}thead th{color:var(--dim);font-weight:500;font-size:12.5px;white-space:nowrap}\n"
	"tbody th{font-weight:600}.number{text-align:right;white-space:nowrap}\n"
	"td.code:not(.file){white-space:nowrap}.memory td,.memory th{padding-right:16px}\n"
	".owner{display:inline-flex;gap:7px;align-items:baseline}\n"
	".swatch{flex:none;position:relative;top:2px;overflow:visible}\n"
	"td.owners .owner{margin-right:12px}\n"
	"@media (max-width:760px){.wide-only{display:none}table{font-size:13px}"
	"td.code:not(.branch){white-space:normal!important}"
	".memory th,.memory td,th,td{padding-right:5px}}\n"
	"td.branch{padding-left:calc(var(--depth,0)*18px)}\n"
	"details{margin-top:10px}summary{cursor:pointer;color:var(--link);font-size:14px}\n";

static const char cells[] =
	".cores,.pins,.siblings ul,.l2 ul{display:flex;flex-wrap:wrap;gap:8px;list-style:none;margin:0;"
	"padding:0}\n"
	".l2{border:1px dashed var(--dim);border-radius:10px;padding:5px}"
	"h4{font-size:14px;font-weight:500;margin:12px 0 6px;color:var(--dim)}.l2 ul{gap:6px}"
	".siblings{border:1px solid var(--dim);border-radius:8px;padding:4px}"
	".siblings ul{gap:4px}\n"
	".cell,.pin{position:relative;border-radius:5px;overflow:hidden;min-width:calc(var(--cell,8)*.94ch + 18px);"
	"padding:5px 7px;line-height:1.3;font-size:13px}\n"
	".pin{min-width:46px;min-height:42px;font-size:12.5px;padding:4px}\n"
	".ground{position:absolute;inset:0;width:100%;height:100%}.ground rect{x:.5px;y:.5px;"
	"width:calc(100% - 1px);height:calc(100% - 1px);rx:4px}\n"
	".ink{position:relative;padding:0 3px;border-radius:3px;-webkit-box-decoration-break:clone;"
	"box-decoration-break:clone}\n"
	".ink.on-page{color:var(--dim)}.ink.on-reserved{color:var(--reserved)}"
	".ink.on-conflict{color:var(--error);background:var(--page)}\n"
	".off b{text-decoration:line-through}\n";

static const char memory[] =
	".memory{display:grid;gap:44px}\n"
	"@media (min-width:1240px){.memory{grid-template-columns:minmax(0,1.06fr) minmax(0,1fr)}}\n"
	".host,.guests{min-width:0}.memory:not(.dense) .host{position:sticky;top:20px;align-self:start}\n"
	".figure{display:block;max-width:100%;height:auto;overflow:visible}\n"
	".guest{background:var(--card);border:1px solid var(--line);border-radius:10px;"
	"padding:14px 18px;margin:0 0 18px}.guest h3{margin:0 0 8px}.guest h3 .swatch{margin-right:8px}\n";

static const char findings[] =
	".findings{list-style:none;padding:0;margin:0}\n"
	".finding{border-left:4px solid var(--line);padding:2px 0 2px 14px;margin:0 0 18px}\n"
	".finding p{margin:0 0 4px}.finding pre{margin:4px 0;padding:6px 10px;background:var(--card);"
	"white-space:pre-wrap;tab-size:4;border-radius:5px}\n"
	".finding ul{margin:4px 0;padding-left:20px}.place{color:var(--dim)}\n"
	"mark{background:var(--mark);color:inherit;border-radius:2px}\n";

static const char print[] =
	"@media print{body{padding:0;max-width:none;font-size:10.5pt;-webkit-print-color-adjust:exact;"
	"print-color-adjust:exact}nav,summary{display:none}section{margin-top:24px}"
	"details::details-content{content-visibility:visible;block-size:auto;height:auto}"
	".guest,.finding,tr,.cell,.pin{break-inside:avoid}h2,h3,.hint{break-after:avoid}"
	".scroll{overflow:visible}.memory .host{position:static!important}a{color:inherit;text-decoration:none}}\n"
	"@page{margin:15mm}\n";

void page_write_style(FILE *stream)
{
	const char *const parts[] = {colors, text, facts, tables, cells, memory, findings, print};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		fputs(parts[i], stream);
}
