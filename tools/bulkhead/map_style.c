/* SPDX-License-Identifier: Apache-2.0 */
#include "map_style.h"

#include "report_party.h"

static const char light[] =
	"svg{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Liberation Sans\",Arial,"
	"sans-serif}\n"
	"svg text{font-size:12px;fill:#1b222c}\n"
	".page{fill:#fff}\n"
	"svg .title{font-size:22px;font-weight:600}svg .subtitle{font-size:13px}\n"
	"svg .heading{font-size:15px;font-weight:600}svg .vm{font-size:13px;font-weight:600}\n"
	"svg .small{font-size:11px}\n"
	"svg .code{font-family:ui-monospace,\"DejaVu Sans Mono\",\"Liberation Mono\",Menlo,Consolas,"
	"monospace}\n"
	"svg .middle{text-anchor:middle}svg .end{text-anchor:end}\n"
	"svg .label{font-weight:500}\n"
	"svg text[class*=\"on-\"]{stroke-width:3.5px;paint-order:stroke;stroke-linejoin:round}\n"
	"svg text.dim{fill:#566170}\n";

static const char dark[] = "@media screen and (prefers-color-scheme:dark){\n"
			   "svg text{fill:#e3e8ee}.page{fill:#12161c}\n"
			   "svg text.dim{fill:#a2acba}\n"
			   "}\n";

/* Shapes of their own kind, whatever they are filled with. */
static const char shapes[] =
	".piece{stroke:#fff;stroke-width:.6;stroke-dasharray:none}.piece.free{fill:#e6e9ee}\n"
	".fan{fill-opacity:.4;stroke:none}.bar{stroke:none}\n"
	".fan.free{fill:#8f99a8;fill-opacity:.14}\n"
	".bar.free{fill:#8f99a8;fill-opacity:.3}\n"
	"@media screen and (prefers-color-scheme:dark){.piece{stroke:#12161c}"
	".piece.free{fill:#2a313b}}\n";

void map_write_style(FILE *stream, unsigned vm_count)
{
	fputs(light, stream);
	fputs(dark, stream);
	party_write_style(stream, vm_count);
	fputs(shapes, stream);
}
