// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/lab-cmdline: what this kernel understands of a command line. One write(2)
 * is one line; reading then tells
 *
 *	arg "NAME"			a parameter without a value
 *	arg "NAME" "VALUE"		and with one
 *	  like KNOWN			its name is that of a parameter we know
 *	  switch 0|1			what kstrtobool() makes of the value
 *	  size NUMBER "REST"		what memparse() does, if it finds a number
 *	init "REST"			what is behind "--"
 *	word KNOWN			cmdline_find_option_bool() finds it
 *	option KNOWN "VALUE"		cmdline_find_option() does
 *
 * Bytes in quotes that are not plain are written as \xNN.
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/cmdline.h>
#include <asm/setup.h>

static const char *const known[] = {
	"mem", "memmap", "kho", "liveupdate", "reserve_mem", "console", "crashkernel",
	"trace_instance", "ramoops.mem_name", "nokaslr",
};

static DEFINE_MUTEX(lock);
static char *line;

static void put_quoted(struct seq_file *m, const char *text)
{
	seq_puts(m, " \"");
	for (; *text; text++) {
		if (isascii(*text) && isgraph(*text) && *text != '"' && *text != '\\')
			seq_putc(m, *text);
		else
			seq_printf(m, "\\x%02x", (unsigned char)*text);
	}
	seq_putc(m, '"');
}

static void put_value(struct seq_file *m, const char *value)
{
	unsigned long long size;
	char *end;
	bool on;

	if (!kstrtobool(value, &on))
		seq_printf(m, "  switch %d\n", on);
	size = memparse(value, &end);
	if (end == value)
		return;
	seq_printf(m, "  size %llu", size);
	put_quoted(m, end);
	seq_putc(m, '\n');
}

static int put_arg(char *name, char *value, const char *doing, void *arg)
{
	struct seq_file *m = arg;

	seq_puts(m, "arg");
	put_quoted(m, name);
	if (value)
		put_quoted(m, value);
	seq_putc(m, '\n');
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (parameq(name, known[i]))
			seq_printf(m, "  like %s\n", known[i]);
	if (value)
		put_value(m, value);
	return 0;
}

/* What looks at the line by itself, before parse_args() or instead. */
static void put_options(struct seq_file *m)
{
	static char value[COMMAND_LINE_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (cmdline_find_option_bool(line, known[i]) > 0)
			seq_printf(m, "word %s\n", known[i]);
		if (cmdline_find_option(line, known[i], value, sizeof(value)) < 0)
			continue;
		seq_printf(m, "option %s", known[i]);
		put_quoted(m, value);
		seq_putc(m, '\n');
	}
}

static int show(struct seq_file *m, void *unused)
{
	char *copy, *rest;

	guard(mutex)(&lock);
	if (!line)
		return 0;
	copy = kstrdup(line, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = parse_args("lab", copy, NULL, 0, 0, 0, m, put_arg);
	if (!IS_ERR_OR_NULL(rest)) {
		seq_puts(m, "init");
		put_quoted(m, rest);
		seq_putc(m, '\n');
	}
	put_options(m);
	kfree(copy);
	return 0;
}

static ssize_t write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	char *text;

	if (len >= COMMAND_LINE_SIZE)
		return -E2BIG;
	text = memdup_user_nul(from, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	guard(mutex)(&lock);
	kfree(line);
	line = text;
	return len;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open_size(file, show, NULL, 16 * COMMAND_LINE_SIZE);
}

static const struct file_operations fops = {
	.open		= open,
	.read		= seq_read,
	.write		= write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static int __init lab_cmdline_init(void)
{
	debugfs_create_file("lab-cmdline", 0600, NULL, NULL, &fops);
	return 0;
}
late_initcall(lab_cmdline_init);
