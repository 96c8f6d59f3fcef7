/* SPDX-License-Identifier: GPL-2.0-only */
#include <asm/bootparam.h>
#include <string.h>

#include "boot-arch.h"
#include "cmdline.h"
#include "kho-handover.h"
#include "machine.h"
#include "message.h"
#include "number.h"

#define VIDEO_TYPE_VGA_TEXT 1		/* screen_info.orig_video_isVGA */

static const uint16_t standard[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };	/* ttyS0 to ttyS3 */

/* The part of TEXT after PREFIX, or NULL. */
static const char *behind_prefix(struct text text, const char *prefix)
{
	size_t len = strlen(prefix);

	return text.len < len || memcmp(text.start, prefix, len) ? NULL : text.start + len;
}

static uint16_t port_of(struct text console)
{
	struct text device = text_until(console, ",");
	const char *port_text = behind_prefix(device, "ttyS"), *end;
	uint64_t port;

	if (port_text && device.len == 5 && *port_text >= '0' && *port_text <= '3')
		return standard[*port_text - '0'];
	port_text = behind_prefix(console, "uart8250,io,");
	if (!port_text)
		port_text = behind_prefix(console, "uart,io,");
	if (port_text && parse_size(port_text, &end, &port) && port && port <= 0xfff8)
		return (uint16_t)port;
	return 0;
}

uint16_t arch_serial_named(const char *name)
{
	const char *end;
	uint64_t port;

	if (!strncmp(name, "ttyS", 4))
		return strlen(name) == 5 ? port_of((struct text){ name, 5 }) : 0;
	return parse_size(name, &end, &port) && !*end && port <= 0xfff8 ? (uint16_t)port : 0;
}

/* The last console=ttySN or console=uart8250,io,PORT. */
uint16_t arch_serial_port(const char *line)
{
	struct cmdline_param param;
	uint16_t port, last = 0;

	while (cmdline_find(&line, "console", &param)) {
		port = port_of(param.value);
		if (port)
			last = port;
	}
	return last;
}

uint16_t arch_serial_port_of_kernel(const char *cmdline)
{
	uint16_t port = arch_serial_port(cmdline);

	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
		if (port == standard[i])
			return port;
	if (port)
		notice("purgatory will not print on port 0x%x: the running kernel's purgatory "
		       "knows only ttyS0 to ttyS3", port);
	return 0;
}

uint16_t arch_screen(const struct machine *m)
{
	const struct boot_params *bp = (const void *)m->arch.boot_params;

	return bp->screen_info.orig_video_isVGA == VIDEO_TYPE_VGA_TEXT ? KHO_CONSOLE_VGA : 0;
}
