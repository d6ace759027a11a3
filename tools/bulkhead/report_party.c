/* SPDX-License-Identifier: Apache-2.0 */
#include "report_party.h"

struct shade {
	const char *light;
	const char *dark; /* the same hue, dimmed: no glare on a dark page */
};

/*
 * Text on them is nearly black in both modes (contrast at least 4.5:1). At least 12 apart in CIELAB for each
 * pair, also as seen with protanopia, deuteranopia and tritanopia (Machado et al., 2009): see
 * tests/report/test_colors.py.
 */
static const struct shade palette[PARTY_COLORS] = {
	{"#8aa8f5", "#7994d8"}, /* blue */
	{"#dd8140", "#c27238"}, /* orange */
	{"#5fa57c", "#54916d"}, /* green */
	{"#f0a2c0", "#d38fa9"}, /* pink */
	{"#f7dc72", "#d9c264"}, /* yellow */
	{"#6fe0f0", "#62c5d3"}, /* cyan */
	{"#b07cc0", "#a06fae"}, /* purple */
	{"#bdeeb0", "#a6d19b"}, /* mint */
};

/* Lines in a tile of 8 by 8 that continue in the neighbouring tiles; none for the first eight VMs. */
static const char *const hatches[PARTY_PATTERNS] = {
	"",
	"M-2 2 L2 -2 M0 8 L8 0 M6 10 L10 6",
	"M-2 6 L2 10 M0 0 L8 8 M6 -2 L10 2",
	"M0 4 H8",
	"M4 0 V8",
	"M0.5 2 H3.5 M4.5 6 H7.5",
	"M0 8 L8 0 M0 0 L8 8",
	"M0 4 H8 M4 0 V8",
};

static const struct {
	const char *name; /* NULL: the VM's own */
	const char *fill;
	const char *label;
} kinds[] = {
	[PARTY_NOTHING] = {"nothing", "nothing", "on-page"},
	[PARTY_FREE] = {"free", "free", "on-page"},
	[PARTY_DISABLED] = {"disabled", "disabled", "on-page"},
	[PARTY_RESERVED] = {"reserved", "reserved", "on-reserved"},
	[PARTY_DEVICE] = {"device", "free", "on-page"},
	[PARTY_APIC] = {"interrupt controller", "apic", "on-reserved"},
	[PARTY_TRAMPOLINE] = {"trampoline", "hypervisor", "on-hypervisor"},
	[PARTY_IMAGES] = {"images", "hypervisor", "on-hypervisor"},
	[PARTY_HYPERVISOR] = {"hypervisor", "hypervisor", "on-hypervisor"},
	[PARTY_VM] = {NULL, NULL, NULL},
	[PARTY_SHARED] = {"shared", "shared", "on-shared"},
	[PARTY_CONFLICT] = {"conflict", "conflict", "on-conflict"},
};

#define LOOKS (PARTY_COLORS * PARTY_PATTERNS)

/* What the hypervisor can be built for; a scenario with more is refused, but its report still shows them. */
_Static_assert(LOOKS == 64, "every VM of a valid scenario has a look of its own");

const char *party_name(const struct model *model, struct party party)
{
	return party.kind == PARTY_VM ? model->vms[party.vm].name : kinds[party.kind].name;
}

const char *party_fill(struct party party)
{
	static char names[LOOKS][8];
	unsigned look = party.vm % LOOKS;

	if (party.kind != PARTY_VM)
		return kinds[party.kind].fill;
	snprintf(names[look], sizeof(names[look]), "vm%u", look);
	return names[look];
}

const char *party_label(struct party party)
{
	static const char *const names[PARTY_COLORS] = {"on-c0", "on-c1", "on-c2", "on-c3",
							"on-c4", "on-c5", "on-c6", "on-c7"};

	return party.kind == PARTY_VM ? names[party.vm % PARTY_COLORS] : kinds[party.kind].label;
}

static unsigned looks_of(unsigned vm_count)
{
	return vm_count < LOOKS ? vm_count : LOOKS;
}

static unsigned colors_of(unsigned vm_count)
{
	return vm_count < PARTY_COLORS ? vm_count : PARTY_COLORS;
}

/* A label has an outline in its ground's colour, so that no line of a pattern runs through it. */
static void write_color(FILE *stream, unsigned color, const char *value)
{
	fprintf(stream, ".vm%u,.c%u{fill:%s}.on-c%u{stroke:%s;background:%s}\n", color, color,
		value, color, value, value);
}

void party_write_style(FILE *stream, unsigned vm_count)
{
	fputs(".on-page{fill:#4a5361;stroke:#fff}.on-reserved{fill:#10151c}\n"
	      ".on-hypervisor{fill:#fff}svg .on-conflict{fill:#7d0b0b;stroke:#ffe1de;stroke-width:7px}\n"
	      ".nothing{fill:none;stroke:none}\n"
	      ".free{fill:#fff;stroke:#8f99a8;stroke-dasharray:3 2}\n"
	      ".disabled{fill:#e4e7eb;stroke:#8f99a8}\n"
	      ".reserved,.apic{fill:#c9ced6;stroke:#8f99a8}\n"
	      ".hypervisor{fill:#3f4b5c}\n"
	      ".shared{fill:url(#shared);stroke:#6b7482}.mesh{fill:#eef0f3}.mesh-line{stroke:#98a2b0}\n"
	      "svg .on-shared{fill:#10151c;stroke:#eef0f3;stroke-width:5px}\n"
	      ".conflict{fill:url(#conflict)}.alarm{fill:#ffe1de}.alarm-line{stroke:#c62828}\n"
	      ".hatch{stroke:#10151c;stroke-opacity:.5;stroke-width:1.2;fill:none}\n"
	      ".on-c0,.on-c1,.on-c2,.on-c3,.on-c4,.on-c5,.on-c6,.on-c7{fill:#0b0e13;color:#0b0e13}\n",
	      stream);
	for (unsigned i = 0; i < colors_of(vm_count); i++)
		write_color(stream, i, palette[i].light);
	for (unsigned i = PARTY_COLORS; i < looks_of(vm_count); i++)
		fprintf(stream, ".vm%u{fill:url(#vm%u)}\n", i, i);
	fputs("@media screen and (prefers-color-scheme:dark){\n"
	      ".on-page{fill:#aeb7c4;stroke:#12161c}.on-reserved{fill:#fff}\n"
	      ".on-hypervisor{fill:#0b0e13}svg .on-conflict{fill:#ffd9d6;stroke:#5a1a1a}\n"
	      ".free{fill:#12161c;stroke:#6d7786}\n"
	      ".disabled{fill:#262c35;stroke:#6d7786}\n"
	      ".reserved,.apic{fill:#566070;stroke:#8f99a8}\n"
	      ".hypervisor{fill:#b3bfcf}\n"
	      ".mesh{fill:#39424f}.mesh-line{stroke:#7d8897}svg .on-shared{fill:#fff;stroke:#39424f}\n"
	      ".alarm{fill:#5a1a1a}.alarm-line{stroke:#ff7b72}\n",
	      stream);
	for (unsigned i = 0; i < colors_of(vm_count); i++)
		write_color(stream, i, palette[i].dark);
	fputs("}\n", stream);
}

void party_write_patterns(FILE *stream, unsigned vm_count)
{
	static const char tile[] = "patternUnits=\"userSpaceOnUse\" width=\"8\" height=\"8\"";
	static const char ground[] = "width=\"8\" height=\"8\"";

	fprintf(stream,
		"<defs>\n<pattern id=\"conflict\" %s><rect class=\"alarm\" %s/>"
		"<path class=\"alarm-line\" stroke-width=\"2\" d=\"%s\"/></pattern>\n",
		tile, ground, hatches[1]);
	fprintf(stream,
		"<pattern id=\"shared\" %s><rect class=\"mesh\" %s/>"
		"<path class=\"mesh-line\" d=\"%s\"/></pattern>\n",
		tile, ground, hatches[6]);
	for (unsigned i = PARTY_COLORS; i < looks_of(vm_count); i++)
		fprintf(stream,
			"<pattern id=\"vm%u\" %s><rect class=\"c%u\" %s/>"
			"<path class=\"hatch\" d=\"%s\"/></pattern>\n",
			i, tile, i % PARTY_COLORS, ground, hatches[i / PARTY_COLORS]);
	fputs("</defs>\n", stream);
}
